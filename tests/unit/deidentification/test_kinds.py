"""One collection of many kinds of images: ten modalities, thirty parts of the body, and a facet for each."""

from __future__ import annotations

from typing import Any

from pydicom import uid

from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_workflow import Cloud, cloud, zipped

__all__ = ["cloud"]
MODALITIES = {
    "CT": uid.CTImageStorage,
    "MR": uid.MRImageStorage,
    "PT": uid.PositronEmissionTomographyImageStorage,
    "US": uid.UltrasoundImageStorage,
    "CR": uid.ComputedRadiographyImageStorage,
    "DX": uid.DigitalXRayImageStorageForPresentation,
    "MG": uid.DigitalMammographyXRayImageStorageForPresentation,
    "NM": uid.NuclearMedicineImageStorage,
    "XA": uid.XRayAngiographicImageStorage,
    "OT": uid.SecondaryCaptureImageStorage,
}
# Defined terms of Body Part Examined (0018,0015): PS3.16 Annex L.
PARTS = [
    "ABDOMEN",
    "ANKLE",
    "AORTA",
    "ARM",
    "BLADDER",
    "BRAIN",
    "BREAST",
    "CHEST",
    "CLAVICLE",
    "COLON",
    "ELBOW",
    "ESOPHAGUS",
    "EYE",
    "FOOT",
    "HAND",
    "HEAD",
    "HEART",
    "HIP",
    "KIDNEY",
    "KNEE",
    "LEG",
    "LIVER",
    "LUNG",
    "NECK",
    "PANCREAS",
    "PELVIS",
    "PROSTATE",
    "SHOULDER",
    "SKULL",
    "STOMACH",
    "THYROID",
    "WRIST",
]


def test_a_collection_takes_ten_modalities_and_thirty_parts_of_the_body(cloud: Cloud) -> None:
    files: dict[str, bytes] = {}
    wanted = set()
    for number, part in enumerate(PARTS, 1):
        modality, sop_class = list(MODALITIES.items())[number % len(MODALITIES)]
        more: dict[str, Any] = {"Modality": modality, "SOPClassUID": sop_class, "BodyPartExamined": part}
        made = ct(number, SeriesInstanceUID=f"1.2.9.{number}", **more)
        made.StudyInstanceUID = f"1.2.8.{number % len(MODALITIES)}"
        made.file_meta.MediaStorageSOPClassUID = sop_class
        files[f"{number}.dcm"] = as_bytes(made)
        wanted.add((modality, part))
    sent = cloud.sent(zipped(**files))
    assert cloud.de_identify(sent) == {"released": len(PARTS), "set_aside": 0}
    series = [o.attributes for o in cloud.submissions.objects(sent) if o.type == "series"]
    assert {(one["modality"], one["body_part"]) for one in series} == wanted
    assert len({m for m, _ in wanted}) == len(MODALITIES) and len({p for _, p in wanted}) >= 30
