-- Question: Which runs are there as FASTQ, and at which provider?
-- Columns: acc, provider, mbytes
SELECT m.acc, p.provider, m.mbytes
FROM "sra"."metadata" AS m CROSS JOIN UNNEST(m.datastore_provider) AS p (provider)
WHERE contains(m.datastore_filetype, 'fastq')
ORDER BY m.acc, p.provider
