-- Question: Which public runs of an organism are there, as NCBI's guide asks it?
-- Columns: acc, organism, platform, librarylayout, mbases
SELECT acc, organism, platform, librarylayout, mbases
FROM "sra"."metadata"
WHERE organism = 'Homo sapiens' AND consent = 'public' AND platform = 'ILLUMINA'
ORDER BY mbases DESC
LIMIT 100
