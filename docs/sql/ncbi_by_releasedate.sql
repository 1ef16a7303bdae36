-- Question: How many runs, and how much data, became public in each month of a span?
-- Columns: month, runs, gbases
SELECT date_trunc('month', releasedate) AS month, count(*) AS runs, sum(mbases) / 1000e0 AS gbases
FROM "sra"."metadata"
WHERE releasedate >= DATE '2025-01-01' AND releasedate < DATE '2026-01-01'
GROUP BY date_trunc('month', releasedate)
ORDER BY month
