-- Question: How many people, series and images of each modality and body part are there, and how much is it?
-- Columns: modality, bodypartexamined, people, series, images, size_mb
SELECT modality, bodypartexamined, count(DISTINCT PatientID) AS people, count(*) AS series, sum(instanceCount) AS images,
  round(sum(series_size_MB), 1) AS size_mb
FROM image_series
GROUP BY modality, bodypartexamined
ORDER BY images DESC
