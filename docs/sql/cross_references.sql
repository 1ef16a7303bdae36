-- Question: Under which names do other databases know these records?
-- Columns: acc, entity, db, id, url
SELECT acc, entity, db, id, url
FROM biotheca.xref
WHERE db = 'GEO'
ORDER BY entity, acc
LIMIT 100
