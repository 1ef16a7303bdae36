/* The four lines of a record (rules: biotheca/formats/fastq.py). What is not plainly sound is left to that module:
   a false "no" costs time there, a false "yes" would lose a finding. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 256 };

/* The name in a header line without its first character: 1 to 256 characters, then the end or a blank; 0 if in doubt.
   What follows the name is free text. */
static size_t name_length(const engine_t *engine, const uint8_t *text, size_t n) {
    size_t looked = n > MAX_NAME + 1 ? MAX_NAME + 1 : n;
    size_t name = engine->printable(text, looked);
    if (name > MAX_NAME) return 0;
    if (name < n && text[name] != ' ' && text[name] != '\t') return 0;
    return name;
}

static int plus_fits(const uint8_t *plus, size_t n, const uint8_t *name, size_t name_n) {
    if (n == 0) return 1;
    if (n < name_n || memcmp(plus, name, name_n) != 0) return 0;
    return n == name_n || plus[name_n] == ' ' || plus[name_n] == '\t';
}

static int keep_span(passed_t *passed, span_t span) {
    if (passed->reads == passed->capacity) {
        size_t capacity = passed->capacity ? passed->capacity * 2 : 8192;
        span_t *more = realloc(passed->spans, capacity * sizeof *more);
        if (!more) return -1;
        passed->spans = more;
        passed->capacity = capacity;
    }
    passed->spans[passed->reads] = span;
    return 0;
}

#define NO_LINE SIZE_MAX

/* The length of the line at text[at], without its end; NO_LINE if it does not end before n. */
static size_t line_at(const uint8_t *text, size_t at, size_t n) {
    const uint8_t *found = at < n ? memchr(text + at, '\n', n - at) : NULL;
    return found ? (size_t)(found - (text + at)) : NO_LINE;
}

/* The length of a line of bases; NO_LINE if it is not whole, or holds anything else. Most reads are as long as the one
   before; a line end is no base, so a line that ends earlier is met by the look at its letters. */
static size_t sequence_at(const engine_t *engine, const uint8_t *text, size_t at, size_t n, size_t likely) {
    if (likely && at < n && n - at > likely && text[at + likely] == '\n' && engine->bases(text + at, likely)) return likely;
    size_t length = line_at(text, at, n);
    return length == NO_LINE || engine->bases(text + at, length) ? length : NO_LINE;
}

int fastq_pass(const engine_t *engine, const uint8_t *text, size_t start, size_t n, few_t *few, uint64_t *table,
               names_walk_t *walk, passed_t *passed) {
    size_t at = start, likely = 0;
    for (;;) {
        passed->end = at;
        size_t header = line_at(text, at, n);
        if (header == NO_LINE || header < 2 || text[at] != '@' || text[at + header - 1] == '\r') return 0;
        size_t sequence = at + header + 1, length = sequence_at(engine, text, sequence, n, likely);
        if (length == NO_LINE || length == 0) return 0;
        likely = length;
        size_t third = sequence + length + 1, plus = third + 1 < n && text[third + 1] == '\n' ? 1 : line_at(text, third, n);
        if (plus == NO_LINE || plus < 1 || text[third] != '+' || text[third + plus - 1] == '\r') return 0;
        size_t name = name_length(engine, text + at + 1, header - 1);
        if (name == 0 || !plus_fits(text + third + 1, plus - 1, text + at + 1, name)) return 0;
        /* The last line is as long as the second: its end is known without a search. Neither a line end nor CR is
           printable: a shorter one is met here. */
        size_t quality = third + plus + 1;
        if (n - quality <= length || text[quality + length] != '\n') return 0;
        if (engine->printable(text + quality, length) != length) return 0;
        span_t span = {(uint32_t)(at + 1), (uint32_t)(header - 1), (uint32_t)sequence, (uint32_t)length};
        if (keep_span(passed, span) != 0) return -1;
        if (walk && names_walk(walk, passed->reads, text + at + 1, name, header - 1) != 0) return -1;
        if (few) count_read(engine->counter, few, table, text + sequence, text + quality, length, 1);
        passed->reads += 1;
        passed->bases += length;
        at = quality + length + 1;
    }
}
