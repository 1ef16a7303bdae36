-- Question: How many of our runs were public at a moment? Views have no versions; the tables below them have.
-- Columns: runs
SELECT count(*) AS runs
FROM biotheca.run_own FOR TIMESTAMP AS OF TIMESTAMP '2099-01-01 00:00:00 UTC'
WHERE status = 'live'
