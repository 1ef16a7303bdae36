-- Question: All attributes of the samples of a project, one row each, with units.
-- Columns: acc, k, v, unit
SELECT a.acc, a.k, a.v, a.unit
FROM biotheca.attribute AS a
JOIN (SELECT DISTINCT biosample FROM biotheca.run WHERE bioproject = 'PRJCA000001') AS s ON s.biosample = a.acc
WHERE a.entity = 'biosample'
ORDER BY a.acc, a.k
