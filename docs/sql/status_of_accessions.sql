-- Question: What has become of these accessions? A view of runs shows the live ones; this table knows them all.
-- Columns: accession, type, status, replacedby, is_listed
SELECT s.accession, s.type, s.status, s.replacedby, r.acc IS NOT NULL AS is_listed
FROM biotheca.accession_status AS s
LEFT JOIN biotheca.run AS r ON r.acc = s.accession
WHERE s.accession IN ('SRR000001', 'SRR000003', 'SRR000007', 'SRR000010')
ORDER BY s.accession
