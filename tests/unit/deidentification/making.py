"""Small DICOM objects with people in them, written by pydicom: not by the reader that they test."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian

PATIENT = {
    "PatientName": "QUILLFEATHER^ZEPHYRINE",
    "PatientID": "MRN80041723",
    "PatientBirthDate": "19510405",
    "PatientSex": "F",
    "PatientAge": "072Y",
    "PatientWeight": "61.5",
    "AccessionNumber": "ACC-773311",
    "ReferringPhysicianName": "OXENHAM^ROSALIND",
    "InstitutionName": "Saint Swithin Infirmary",
    "PatientTelephoneNumbers": "555-013-4477",
}
DEVICE = {
    "Manufacturer": "ACME",
    "ManufacturerModelName": "Scan 9",
    "DeviceSerialNumber": "SN-4411",
    "StationName": "CT02",
}
TIMES = {
    "StudyDate": "20240229",
    "StudyTime": "101500",
    "SeriesDate": "20240229",
    "AcquisitionDateTime": "20240301081500.5",
}


def ct(number: int = 1, size: int = 16, syntax: str = ExplicitVRLittleEndian, **more: Any) -> FileDataset:
    """A CT slice of random pixels, 12 of 16 bits, of a patient who does not exist."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.3.4.5.{number}"
    meta.TransferSyntaxUID = syntax
    meta.SourceApplicationEntityTitle = "SWITHINS_CT"
    made = FileDataset("", Dataset(), file_meta=meta, preamble=b"QUILLFEATHER".ljust(128, b"\0"))
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
    made.Modality, made.ImageType, made.SeriesNumber, made.InstanceNumber = (
        "CT",
        ["ORIGINAL", "PRIMARY", "AXIAL"],
        3,
        number,
    )
    for key, value in {**PATIENT, **DEVICE, **TIMES, "StudyDescription": "CT CHEST", **more}.items():
        setattr(made, key, value)
    made.Rows = made.Columns = size
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelSpacing, made.SliceThickness, made.RescaleIntercept, made.RescaleSlope = [0.7, 0.7], "2.5", "-1024", "1"
    order = ">u2" if syntax == ExplicitVRBigEndian else "<u2"
    made.PixelData = np.random.default_rng(number).integers(0, 4096, (size, size), np.uint16).astype(order).tobytes()
    return made


def as_bytes(made: Dataset) -> bytes:
    """The object as a file."""
    held = io.BytesIO()
    little, implicit = (
        made.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.2",
        made.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2",
    )
    pydicom.dcmwrite(held, made, enforce_file_format=False, little_endian=little, implicit_vr=implicit)
    return held.getvalue()


def read(data: bytes) -> FileDataset:
    """A file as pydicom reads it."""
    return pydicom.dcmread(io.BytesIO(data))
