-- Question: From which countries do the samples of an organism come?
-- Columns: geo_loc_name_country_calc, geo_loc_name_country_continent_calc, samples, runs
SELECT geo_loc_name_country_calc, geo_loc_name_country_continent_calc, count(DISTINCT biosample) AS samples, count(*) AS runs
FROM "sra"."metadata"
WHERE organism = 'Homo sapiens' AND geo_loc_name_country_calc IS NOT NULL
GROUP BY geo_loc_name_country_calc, geo_loc_name_country_continent_calc
ORDER BY runs DESC, geo_loc_name_country_calc
