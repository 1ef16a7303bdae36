-- Question: Where are the files of a study, how large are they, and what is their MD5?
-- Columns: acc, name, bytes, md5, url
SELECT f.acc, f.name, f.bytes, f.md5, f.url
FROM biotheca.file AS f
JOIN biotheca.run AS r ON r.acc = f.acc
WHERE r.sra_study = 'SRP000001'
ORDER BY f.acc, f.name
