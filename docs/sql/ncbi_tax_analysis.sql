-- Question: Which runs hold reads of a taxon, whatever their label says?
-- Columns: acc, sample_acc, biosample, sra_study, bioproject
SELECT m.acc, m.sample_acc, m.biosample, m.sra_study, m.bioproject
FROM "sra"."metadata" AS m, tax_analysis AS tax
WHERE m.acc = tax.acc AND tax.tax_id = 11118
ORDER BY m.bioproject, m.sra_study, m.biosample, m.sample_acc
