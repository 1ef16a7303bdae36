"""How each finding of the file check reads, in one English sentence. Severity and mending: catalog/rules_*.yaml."""

from __future__ import annotations

from typing import Any

from biotheca.qc import sentences_formats

# Keys are rule ids without "qc."; the names in braces are facts of the finding.
SENTENCES: dict[str, str] = {
    "md5": "{file} has MD5 {actual}; {expected} was declared.",
    "file_empty": "{file} is empty: it has no bytes at all.",
    "name_and_content": "{file} is named as {named}, but its bytes are {container}.",
    "container_refused": "{file} is packed with {container}; the archive takes gzip, BGZF, bzip2 or plain text.",
    "stream_truncated": "{file} ends in the middle of its compressed data (member {member}, {offset} bytes); "
    "{lines} lines could be read.",
    "trailer_missing": "{file} lacks the end of its gzip frame: {present_bytes} of 8 trailer bytes are there "
    "(member {member}). All {lines} lines could be read, but nothing proves them.",
    "stream_checksum": "{file} is damaged: CRC-32 of member {member} is {actual}, its trailer says {expected}.",
    "stream_size": "{file} is damaged: member {member} unpacks to {actual} bytes (mod 2^32), its trailer says "
    "{expected}.",
    "stream_damaged": "{file} cannot be unpacked beyond byte {offset} (member {member}): {reason}. "
    "{lines} lines could be read before.",
    "trailing_garbage": "{file} has foreign bytes after its last compressed member, at byte {offset}: "
    "{starts_with} ...",
    "unpacks_too_far": "{file} unpacks to more than {allowed_bytes} bytes from {offset} stored bytes; reads do not.",
    "bgzf_no_end": "{file} is BGZF without its empty last block: some of its end may be missing.",
    "content_is_other": "{file} holds {content}, not {format}.",
    "no_reads": "{file} holds no reads.",
    "crlf": "{file} has Windows line ends (CR LF) on {lines} lines, first on line {line}.",
    "line_too_long": "Line {line} of {file} is longer than {limit_bytes} bytes. Nothing was read beyond it.",
    "multi_line": "{file} is multi-line FASTQ: read '{read}' has its sequence on more than one line (line {line}). "
    "Nothing was read beyond it.",
    "header_line": "Line {line} of {file} should begin a read with '@' but is '{value}'.",
    "plus_line": "Line {line} of {file} should be the '+' line of read '{read}' but is '{value}'.",
    "plus_name": "Line {line} of {file} repeats another name than that of read '{read}': '{value}'.",
    "record_cut": "{file} ends inside read '{read}', which begins on line {line}.",
    "blank_line": "{file} has a blank line inside, line {line}.",
    "blank_lines_at_end": "{file} has {lines} blank line(s) after its last read, from line {line}.",
    "name_missing": "The read on line {line} of {file} has no name right after '@': '{value}'.",
    "name_length": "The read name on line {line} of {file} has {characters} characters; 256 are allowed.",
    "name_characters": "The name of read '{read}' (line {line} of {file}) has a character that is not printable ASCII: "
    "'{value}'.",
    "encoding": "{file} has qualities from '{lowest}' to '{highest}', as Illumina wrote them before 2011 (Phred+64); "
    "read as Phred+33 each would be 31 too high.",
    "quality_constant": "{file} has the quality '{value}' at each of its {bases} bases.",
    "read_empty": "Read '{read}' has no bases (line {line} of {file}).",
    "base": "Read '{read}' has {count} character(s) in its sequence that are no IUPAC bases; the first is "
    "'{value}' at position {column} (line {line} of {file}).",
    "quality_character": "Read '{read}' has {count} quality character(s) outside ASCII 33 to 126; the first is "
    "'{value}' at position {column} (line {line} of {file}).",
    "duplicate_name": "Read '{read}' on line {line} of {file} has the name of the read on line {first_line}.",
    "duplicate_names_suspected": "{names} read name(s) of {file} seem to stand more than once (method {method}); it "
    "could be read only once, so that this is not confirmed.",
    "mates_order": "The reads of {file} and {other}, the mates of run '{run}', are not in the same order or not of the "
    "same fragments: their names differ {place}.",
    "mates_same": "{file} and {other} are given as the mates of run '{run}', but hold the very same reads.",
    "mates_swapped": "{file}, the first file of run '{run}', holds read {first} of each fragment by its names, and "
    "{other} holds read {second}.",
    "lanes_mixed": "The reads of run '{run}' come from {count} lanes: {value}.",
    "platform_differs": "The names of reads in {file} are those of {value}, but run '{run}' is declared as {declared}.",
    "layout_differs": "{file} holds {ones} reads 1 and {twos} reads 2, but run '{run}' is declared as {declared}, with "
    "{files} file(s).",
    "read_length_differs": "The reads of {file} have {value} bases; {declared} were declared for run '{run}'.",
    "mates_differ": "{file} and {other} are the mates of run '{run}', but have {reads} and {other_reads} reads.",
    "human_reads": "Run '{run}' seems to hold {share} % of human reads ({low} to {high} %, 95 % confidence): "
    "{marker_reads} of {screened} screened reads carry Alu repeats, which primates alone have.",
    "quality_length": "Read '{read}' has {bases} bases but {qualities} quality characters (line {line} of {file}).",
    **sentences_formats.SENTENCES,
}

# What was expected, where a short word says it.
EXPECTED: dict[str, str] = {
    "duplicate_name": "each name once in a file",
    "header_line": "a line that begins with '@'",
    "plus_line": "a line that begins with '+'",
    "plus_name": "'+' alone, or '+' and the read's own name",
    "name_length": "at most 256 characters",
    "base": "A C G T U N R Y K M S W B D H V or '.', of either case",
    "quality_character": "ASCII 33 to 126",
    "mates_order": "the same fragments in the same order in both files",
    "mates_same": "read 1 in the first file, read 2 in the second",
    "mates_swapped": "read 1 in the first file, read 2 in the second",
    "mates_differ": "as many reads in both files",
    "human_reads": "reads of the declared organism",
    "quality_length": "as many quality characters as bases",
    **sentences_formats.EXPECTED,
}


# Of files without lines.
_BY_RECORD = {
    "duplicate_name": "Read '{read}', primary record {primary_record} of {file}, has the name of primary record "
    "{first_primary_record}, and both are the same read of their template.",
}


def sentence(code: str, facts: dict[str, Any]) -> str:
    """The message of a finding.

    >>> sentence("no_reads", {"file": "a.fq"})
    'a.fq holds no reads.'
    """
    return words_of(code, facts).format(**facts)


def words_of(code: str, facts: dict[str, Any]) -> str:
    """The sentence with its gaps."""
    by_record = "primary_record" in facts and code in _BY_RECORD
    return _BY_RECORD[code] if by_record else SENTENCES[code]
