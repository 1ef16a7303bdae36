"""How findings of formats other than FASTQ read; see sentences. Severity and mending: catalog/rules_formats.yaml."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "container_other": "{file} is {value}; this format is stored as {expected}.",
    "end_missing": "{file} lacks the empty block at its end: it was cut, or not written to its end.",
    "bam_header": "The header of {file} cannot be read: {reason}. Nothing was read beyond it.",
    "bam_header_cut": "{file} ends inside its header.",
    "bam_record_size": "Record {record} of {file} says that it has {value} bytes; 32 to {limit_bytes} are possible. "
    "Nothing was read beyond it.",
    "bam_record_cut": "{file} ends inside record {record}: only {there} bytes of it are there.",
    "bam_parts": "The parts of record {record} of {file} (read '{read}') are longer than the record itself.",
    "bam_name": "Record {record} of {file} has a name that is no read name: '{value}'.",
    "bam_reference": "Record {record} of {file} (read '{read}') has {what} number {value}, but the header lists "
    "{references} reference(s).",
    "bam_position": "Record {record} of {file} (read '{read}') lies at position {value} of its reference, which has "
    "{length} bases.",
    "bam_next_position": "{count} record(s) of {file} say that the next of their template lies outside its "
    "reference, first record {record} (read '{read}', position {value} of {length}).",
    "bam_unplaced": "Record {record} of {file} (read '{read}') is not flagged as unmapped (flags {value}) but has "
    "no reference or position.",
    "bam_flags": "{count} record(s) of {file} have flags that mean nothing, first record {record} (read '{read}', "
    "flags {value}).",
    "bam_no_bases": "{count} primary record(s) of {file} have no bases, first record {record} (read '{read}').",
    "bam_cigar": "Record {record} of {file} (read '{read}') has a CIGAR that cannot be: {value}.",
    "bam_cigar_length": "The CIGAR of record {record} of {file} (read '{read}') spans {value} bases, but the record "
    "has {expected}.",
    "bam_quality": "Record {record} of {file} (read '{read}') has a quality of {value} at base {column}.",
    "bam_tag": "Record {record} of {file} (read '{read}') has a tag that cannot be read: '{value}'.",
    "bam_tag_twice": "Record {record} of {file} (read '{read}') has the tag {value} more than once.",
    "bam_group": "Record {record} of {file} (read '{read}') is of read group '{value}', which the header does not "
    "declare.",
    "bam_order": "Record {record} of {file} (read '{read}') stands behind '{before}': the header claims order by "
    "{order}.",
    "sam_line": "Line {header_line} of the header of {file} is no header line: '{value}'.",
    "sam_tag_twice": "Line {header_line} of the header of {file} ({kind}) has the tag {tag} more than once.",
    "sam_tag_missing": "Line {header_line} of the header of {file} ({kind}) lacks the tag {tag}.",
    "sam_value": "Line {header_line} of the header of {file} ({kind}) has a {tag} that cannot be: '{value}'.",
    "sam_first": "The @HD line of {file} is line {header_line} of the header, not the first.",
    "sam_repeated": "Line {header_line} of the header of {file} ({kind}) names '{value}' again, as line {first} does.",
    "sam_program": "Line {header_line} of the header of {file} (@PG) follows '{value}', which leads nowhere or in a "
    "circle.",
    "sam_references": "The header of {file} names {told} reference(s) as text and lists {listed}; they differ from "
    "number {first} on.",
}

EXPECTED: dict[str, str] = {
    "bam_name": "1 to 254 characters '!' to '~' without '@'",
    "bam_quality": "0 to 93, or 255 for all bases",
    "bam_tag": "two letters, a type of AcCsSiIfZHB, and a value of that type",
    "sam_line": "@ and two letters, then TAG:value parted by tabs",
}
