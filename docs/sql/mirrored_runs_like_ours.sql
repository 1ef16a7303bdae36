-- Question: Which mirrored runs could be compared with ours: same organism, strategy and layout?
-- Columns: own_run, mirrored_run, organism, assay_type, instrument
SELECT ours.acc AS own_run, theirs.acc AS mirrored_run, ours.organism, ours.assay_type, theirs.instrument
FROM biotheca.run AS ours
JOIN biotheca.run AS theirs
    ON theirs.organism = ours.organism
    AND theirs.assay_type = ours.assay_type
    AND theirs.librarylayout = ours.librarylayout
WHERE ours.source = 'own' AND theirs.source = 'insdc' AND ours.sra_study = 'CRA000001'
ORDER BY ours.acc, theirs.acc
LIMIT 1000
