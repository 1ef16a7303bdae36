"""SRA XML, as INSDC's archives exchange it: sets of PROJECT, STUDY, SAMPLE, EXPERIMENT, RUN, SUBMISSION.

Where the schema has an element for a field, the field is written there; every other field and every attribute of the
submitter's own goes into the object's attributes under its name, so that what is written can be read back whole.
"""
