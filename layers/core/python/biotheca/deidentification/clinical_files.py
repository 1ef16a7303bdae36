"""The clinical table among files that were unpacked, and the persons that its rows may be of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from biotheca.deidentification.clinical import Person, Refusal, Told, de_identified
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.levels import Levels
from biotheca.deidentification.people import Stated, decoded, encodings_of, guesses, identifiers
from biotheca.deidentification.survey import header

NAMES = ("clinical.tsv", "clinical.csv")  # of a table in an archive, in any letter case
MADE = "clinical"  # alias of the record, and the name of what is made


def set_apart(source: Path, target: Path) -> list[Path]:
    """Move the tables out of the folder of images, so that none is taken for one of them; where they are now."""
    found = [p for p in sorted(source.rglob("*")) if p.name.lower() in NAMES and p.is_file() and not p.is_symlink()]
    target.mkdir(parents=True, exist_ok=True)
    return [path.replace(target / f"{number}.table") for number, path in enumerate(found)]


def make(
    tables: Sequence[Path], people: Mapping[str, Person], target: Path, column: str, levels: Levels
) -> tuple[Path | None, dict[str, Any]]:
    """Make what is archived of the table that was sent, note it in the levels; (its place, what became of it).

    No place where there is none, or it is refused. `people`: who a number is, by the images as sent; `levels`: those
    that are released.
    """
    if not tables:
        return None, {}
    if len(tables) > 1:
        return None, Told(refusals=[Refusal("clinical.one_table")]).as_dict()
    released = {number: person for number, person in people.items() if person.pseudonym in levels.individuals}
    data, told = de_identified(tables[0].read_bytes(), column, released)
    if not data:
        return None, told.as_dict()
    place = target / f"{MADE}.tsv"
    place.write_bytes(data)
    persons = {line.split(b"\t", 1)[0] for line in data.splitlines()[1:]}
    levels.tables[MADE] = {"columns": told.columns, "rows": told.matched, "individuals": len(persons)}
    return place, told.as_dict()


def people_in(source: Path, key: CollectionKey) -> dict[str, Person]:
    """The persons of the images as sent by the numbers of their objects, in each spelling that the bytes may have."""
    found: dict[bytes, set[tuple[Any, ...]]] = defaultdict(set)
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.is_symlink() or (told := header(path)) is None:
            continue
        if told.facts.get("patient_id"):
            charset = told.facts.get("charset", b"")
            found[told.patient].add((charset, told.facts["patient_id"], told.names, told.places, told.numbers))
    people: dict[str, Person] = {}
    for patient, ways in found.items():
        pseudonym = key.pseudonym("patient", patient)
        stating = [Stated({"charset": charset, "patient_id": number}, *rest) for charset, number, *rest in sorted(ways)]
        person = Person(pseudonym, key.shift_days(patient), tuple(map(identifiers, stating)))
        for told in stating:
            number = told.facts["patient_id"]
            for text in (decoded(number, encodings_of(told.facts["charset"])), *guesses(number)):
                people[text.strip()] = person
    return people
