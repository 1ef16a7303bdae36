-- Question: What did the mirror learn on a day?
-- Columns: acc, entity, what, before, after, feed
SELECT acc, entity, what, before, after, feed
FROM biotheca.change_log
WHERE day = '2026-01-12'
ORDER BY what, acc
