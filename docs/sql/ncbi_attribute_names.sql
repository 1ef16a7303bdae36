-- Question: Which attributes do runs of a study have, and how often?
-- Columns: k, runs, example
SELECT t.k, count(*) AS runs, min(t.v) AS example
FROM "sra"."metadata" AS m CROSS JOIN UNNEST(m.attributes) AS t (k, v)
WHERE m.sra_study IN ('SRP000001', 'CRA000001')
GROUP BY t.k
ORDER BY runs DESC, t.k
