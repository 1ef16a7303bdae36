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
    "gzip_not_bgzf": "{file} is {value}, which cannot be read by place; bgzip makes files that can.",
    "vcf_version": "{file} does not begin with ##fileformat=VCFv4.x but with '{value}'. Nothing was read beyond it.",
    "vcf_header_line": "Header line {line} of {file} is malformed: {reason}. It is '{value}'.",
    "vcf_header_repeated": "Line {line} of {file} declares {kind} '{value}' again.",
    "vcf_header_late": "Line {line} of {file} is a header line behind records: '{value}'.",
    "vcf_columns": "Line {line} of {file} should name the columns #CHROM POS ID REF ALT QUAL FILTER INFO [FORMAT "
    "samples], parted by tabs, but is '{value}'.",
    "vcf_sample_repeated": "Line {line} of {file} names the sample '{value}' more than once.",
    "vcf_no_contigs": "{file} declares no contigs.",
    "vcf_no_records": "{file} holds a header and no records.",
    "vcf_blank_line": "Line {line} of {file} is blank.",
    "vcf_fields": "Line {line} of {file} has {value} columns; its header names {expected}.",
    "vcf_contig": "Line {line} of {file} is on contig '{value}', which the header does not declare.",
    "vcf_position": "Line {line} of {file} has the position '{value}' on '{contig}' (length: {length}).",
    "vcf_order": "Line {line} of {file} is out of order: {value} stands behind {before}.",
    "vcf_ref": "Line {line} of {file} has the REF allele '{value}'.",
    "vcf_alt": "Line {line} of {file} has the ALT allele '{value}'.",
    "vcf_iupac": "{count} allele(s) of {file} have letters of ambiguity, first on line {line}: '{value}'.",
    "vcf_quality": "Line {line} of {file} has the QUAL '{value}'.",
    "vcf_filter": "Line {line} of {file} has the FILTER '{value}'.",
    "vcf_info": "Line {line} of {file} has an INFO entry that is malformed or repeated: '{value}'.",
    "vcf_undeclared": "{kind} '{key}' is used {count} time(s) in {file}, first on line {line}, and not declared in "
    "its header.",
    "vcf_format": "Line {line} of {file} has the FORMAT '{value}'.",
    "vcf_sample": "Sample '{sample}' on line {line} of {file} has more values than FORMAT ({keys}) has keys: "
    "'{value}'.",
    "vcf_genotype": "Sample '{sample}' on line {line} of {file} has a genotype that cannot be: '{value}'.",
    "fasta_first": "Line {line} of {file} should be a name that begins with '>' but is '{value}'. Nothing was read "
    "beyond it.",
    "nothing_inside": "{file} unpacks to nothing.",
    "fasta_empty": "{file} holds no sequences.",
    "fasta_name_missing": "The sequence on line {line} of {file} has no name right after '>': '{value}'.",
    "fasta_name_twice": "Line {line} of {file} names '{value}' again, as line {first} does.",
    "fasta_names_many": "{file} has more than {limit} sequences; the names of {count} of them were not compared.",
    "fasta_no_letters": "Sequence '{value}' has no letters (line {line} of {file}).",
    "fasta_letter": "Sequence '{name}' has {count} character(s) that are no {kind} letters, first '{value}' at line "
    "{line}, column {column} of {file}.",
    "fasta_width": "{count} sequence(s) of {file} have lines of different widths, first '{name}' on line {line}: "
    "{value} letters after lines of {expected}.",
    "fasta_blank_line": "{file} has {count} blank line(s), first line {line}.",
    "not_decoded": "{file} was looked at from outside alone: htslib (pysam) is not installed here.",
    "htslib": "htslib cannot read {file} beyond record {records}: {reason}",
    "cram_cut": "{file} ends at byte {offset}, in the middle of its data.",
    "cram_version": "{file} is CRAM {value}; 2.1, 3.0 and 3.1 are taken.",
    "cram_container": "Container {container} of {file} is broken: {reason}. Nothing was read beyond it.",
    "cram_checksum": "Container {container} of {file} is damaged: the CRC-32 of {what} is {actual}, stored is "
    "{expected}.",
    "cram_no_md5": "{count} reference(s) of {file} have no M5 in the header, first '{value}' (line {header_line}).",
    "format_broken": "{file} is no sound {format}: {reason}.",
    "format_cut": "{file} ends too early: {reason}.",
    "format_limit": "{file} goes beyond what is read: {reason}.",
    "format_checksum": "{file} is damaged: its check sum is {actual}, it says {expected}.",
    "format_unindexed": "{file} is {format} without an index: spectra cannot be found by place.",
    "format_unseen": "Not all of {file} was looked at: {reason}.",
    "table_ragged": "{count} row(s) of {file} have another number of cells than the first, which has {expected}; first "
    "line {line}, with {value}.",
    "table_empty": "{file} has {rows} row(s): a table has a head and one row at least.",
    "archive_ratio": "{file} is refused: {reason}.",
    "archive_encrypted": "{file} cannot be looked at: {reason}.",
    "archive_unlisted": "{file} is 7-Zip, whose names of members are not looked at.",
    "member_name": "Member {member} of {file} has a name that leads out of the archive, or cannot be one: '{value}'.",
    "member_link": "Member {member} of {file} is a link, not a file: '{value}'.",
    "member_twice": "Member {member} of {file} has a name that another one has: '{value}'.",
    "tar_cut": "{file} is cut at byte {offset}: {reason}.",
    "tar_broken": "{file} cannot be read beyond byte {offset}: {reason}.",
    "tar_many": "{file} has more than {limit} members.",
    "tar_link": "{file} is a {value}, not a file: nothing but files and folders is taken.",
    "tar_name": "{file} has a name that leads out of the archive, or cannot be a name.",
    "tar_twice": "{file} stands in the archive more than once.",
    "tar_nested": "{file} is itself an archive ({value}).",
    "tar_without": "{file} holds none of what it is for: {expected} ({members} member(s)).",
    "tar_mates_differ": "The files {name} in {file} have different numbers of reads: {value}.",
    "tar_10x_name": "{count} FASTQ file(s) in {file} are not named as bcl2fastq names them, first '{value}'.",
    "tar_unchecked": "{count} member(s) of {file} are of no kind that is checked, first '{value}'.",
    "tar_matrix": "{file} is no matrix in Matrix Market form, or empty: '{value}'.",
}

EXPECTED: dict[str, str] = {
    "bam_name": "1 to 254 characters '!' to '~' without '@'",
    "bam_quality": "0 to 93, or 255 for all bases",
    "bam_tag": "two letters, a type of AcCsSiIfZHB, and a value of that type",
    "sam_line": "@ and two letters, then TAG:value parted by tabs",
    "vcf_ref": "letters A C G T N",
    "vcf_alt": "letters A C G T N, <ID>, *, ., or a breakend, parted by commas",
    "vcf_quality": "a number or '.'",
    "vcf_filter": "PASS, '.', or names parted by semicolons",
    "vcf_info": "KEY=value entries parted by semicolons, each key once",
    "vcf_format": "keys parted by colons, each once, GT first",
    "vcf_genotype": "numbers of alleles of the line, or '.', parted by / or |",
    "vcf_order": "all records of a contig together, by rising position",
    "fasta_letter": "IUPAC letters",
}
