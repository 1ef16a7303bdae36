-- Question: Which records that I may have used are no longer listed since a day?
-- Columns: acc, day, what, status
SELECT c.acc, max(c.day) AS day, max_by(c.what, c.batch) AS what, max_by(s.status, c.batch) AS status
FROM biotheca.change_log AS c
LEFT JOIN biotheca.accession_status AS s ON s.accession = c.acc
LEFT JOIN biotheca.run AS r ON r.acc = c.acc
WHERE c.entity = 'run' AND c.what IN ('gone', 'status') AND c.day >= '2026-01-01' AND r.acc IS NULL
GROUP BY c.acc
ORDER BY c.acc
