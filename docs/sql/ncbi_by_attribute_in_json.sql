-- Question: The same from the JSON column, for those who know the name of the attribute: its value is a list there.
-- Columns: acc, tissue, sex
SELECT acc, json_extract_scalar(jattr, '$.tissue_sam[0]') AS tissue, json_extract_scalar(jattr, '$.sex_sam[0]') AS sex
FROM "sra"."metadata"
WHERE json_array_contains(json_extract(jattr, '$.tissue_sam'), 'liver')
ORDER BY acc
