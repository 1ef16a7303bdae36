-- Question: Which of our files have many weak bases?
-- Columns: acc, file_name, reads, q30_share, gc_share
SELECT acc, file_name, reads, q30_share, gc_share
FROM biotheca.qc_files
WHERE q30_share < 0.8e0
ORDER BY q30_share
