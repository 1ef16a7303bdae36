-- Question: What is in a run? The tree of taxa in its nested-set order.
-- Columns: indented, rank, total_count, self_count
SELECT lpad('', CAST(ilevel AS integer) * 2, ' ') || name AS indented, rank, total_count, self_count
FROM tax_analysis
WHERE acc = 'SRR000001'
ORDER BY ileft, ilevel
