-- Question: The same by the name of a taxon, with its share of the run.
-- Columns: acc, organism, name, total_count
SELECT m.acc, m.organism, tax.name, tax.total_count
FROM tax_analysis AS tax JOIN "sra"."metadata" AS m ON m.acc = tax.acc
WHERE tax.name LIKE '%coronavirus%' AND tax.rank = 'species' AND tax.total_count > 10
ORDER BY tax.total_count DESC
