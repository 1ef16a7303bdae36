"""Proofs of access: our visas for our grants, others' visas that open our files. Judging a visa: access.passports."""
