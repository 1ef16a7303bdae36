-- Question: How many people, series and images of each modality and body part are there, and how much is it?
-- Columns: Modality, BodyPartExamined, people, series, images, size_mb
SELECT Modality, BodyPartExamined, count(DISTINCT PatientID) AS people, count(*) AS series, sum(instanceCount) AS images,
  round(sum(series_size_MB), 1) AS size_mb
FROM image_series
GROUP BY Modality, BodyPartExamined
ORDER BY images DESC
