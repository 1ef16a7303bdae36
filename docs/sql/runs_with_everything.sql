-- Question: One flat row a run with what its study, sample and project say, for a notebook.
-- Columns: acc, source, organism, tissue, study_title, study_abstract, biosample_package, project_title, spots, bases
SELECT acc, source, organism, element_at(filter(attributes, a -> a.k = 'tissue_sam'), 1).v AS tissue, study_title,
    study_abstract, biosample_package, project_title, spots, bases
FROM biotheca.run_wide
WHERE assay_type = 'RNA-Seq'
ORDER BY acc
