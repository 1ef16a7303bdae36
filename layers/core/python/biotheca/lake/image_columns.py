"""The lake's table of released series of images, under the names of DICOM's keywords, as the index of NCI's Imaging
Data Commons has them (idc-index): a query for that one runs here with another FROM."""

from __future__ import annotations

# In small letters, as Glue keeps every name; SQL asks for them in any case. `acc`, `study_acc`, `person_acc`: our own
# numbers of series, study and individual. StudyDate is moved, PatientID made.
IMAGE_SERIES_COLUMNS: dict[str, str] = {
    "acc": "string",
    "source": "string",
    "status": "string",
    "archive": "string",
    "collection_id": "string",
    "collection_name": "string",
    "disease": "string",
    "access": "string",
    "person_acc": "string",
    "study_acc": "string",
    "patientid": "string",
    "patientsex": "string",
    "patientage": "string",
    "studyinstanceuid": "string",
    "studydate": "string",
    "studydescription": "string",
    "seriesinstanceuid": "string",
    "seriesdescription": "string",
    "modality": "string",
    "bodypartexamined": "string",
    "manufacturer": "string",
    "manufacturermodelname": "string",
    "instancecount": "bigint",
    "series_size_mb": "double",
}
