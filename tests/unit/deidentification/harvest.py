"""Where data/words.txt comes from: words of the standard's own concept names, attribute names and UID names.

`python -m tests.unit.deidentification.harvest` writes the file; a test compares it with what the wheel gives.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

WORD = re.compile(r"[A-Za-z]{2,}")
# Context groups of countries, languages, breeds and registries, manufacturers and organisations of people.
OF_PLACES_AND_BREEDS = {5000, 5001, 7453, 7480, 7481, 7482, 7483, 7484, 7485, 7486, 7030, 7031}


def words() -> list[str]:
    """Lower-case words, sorted. Of concept names those that are written small somewhere, so that eponyms stay out."""
    left_out = {kw for cid in OF_PLACES_AND_BREEDS for names in cid_concepts.get(str(cid), {}).values() for kw in names}
    left_out |= {kw for cid in OF_PLACES_AND_BREEDS for names in cid_concepts.get(cid, {}).values() for kw in names}
    found: set[str] = set()
    for rows in concepts.values():
        for keyword, codes in rows.items():
            if keyword in left_out:
                continue
            for meaning, _ in codes.values():
                found |= {w.lower() for w in WORD.findall(meaning) if w.islower() or (w.isupper() and len(w) < 6)}
    for name in [row[2] for row in DicomDictionary.values()] + [row[0] for row in UID_dictionary.values()]:
        found |= {w.lower() for w in WORD.findall(name)}
    return sorted(found)


if __name__ == "__main__":
    place = Path(str(resources.files("biotheca.deidentification") / "data" / "words.txt"))
    place.write_text("\n".join(words()) + "\n", "ascii")
