-- Question: As of which day is the mirror, and how many rows does each batch bring?
-- Columns: batch, day, published, changes
SELECT m.batch, m.day, m.published, count(c.acc) AS changes
FROM biotheca.mirror_snapshot AS m
LEFT JOIN biotheca.change_log AS c ON c.batch = m.batch
GROUP BY m.batch, m.day, m.published
ORDER BY m.batch DESC
