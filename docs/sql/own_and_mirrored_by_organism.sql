-- Question: How much of each organism do we hold ourselves, and how much is mirrored?
-- Columns: organism, own_runs, mirrored_runs, own_gbases, mirrored_gbases
SELECT organism,
    count_if(source = 'own') AS own_runs,
    count_if(source = 'insdc') AS mirrored_runs,
    sum(bases) FILTER (WHERE source = 'own') / 1e9 AS own_gbases,
    sum(bases) FILTER (WHERE source = 'insdc') / 1e9 AS mirrored_gbases
FROM biotheca.run
GROUP BY organism
ORDER BY mirrored_runs DESC, organism
