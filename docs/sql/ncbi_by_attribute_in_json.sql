-- Question: The same from the JSON column, for those who know the name of the attribute.
-- Columns: acc, tissue, sex
SELECT acc, json_extract_scalar(jattr, '$.tissue_sam') AS tissue, json_extract_scalar(jattr, '$.sex_sam') AS sex
FROM "sra"."metadata"
WHERE json_extract_scalar(jattr, '$.tissue_sam') = 'liver'
ORDER BY acc
