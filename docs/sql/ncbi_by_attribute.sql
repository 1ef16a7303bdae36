-- Question: Which runs have a sample attribute of some value? Attributes are a list that UNNEST takes apart.
-- Columns: acc, biosample, k, v
SELECT m.acc, m.biosample, t.k, t.v
FROM "sra"."metadata" AS m, UNNEST(m.attributes) AS t (k, v)
WHERE t.k = 'tissue_sam' AND lower(t.v) LIKE '%lung%'
ORDER BY m.acc
