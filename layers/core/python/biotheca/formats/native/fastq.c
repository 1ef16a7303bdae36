/* The four lines of a record (rules: biotheca/formats/fastq.py). What is not plainly sound is left to that module:
   a false "no" costs time there, a false "yes" would lose a finding. */
#include "fastq.h"

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

static int pass_records(const engine_t *engine, const uint8_t *text, size_t start, size_t n, few_t *few, uint64_t *table,
                        passed_t *passed) {
    size_t at = start;
    for (;;) {
        passed->end = at;
        const uint8_t *line[4], *end[4], *p = text + at;
        for (int k = 0; k < 4; k++) {
            size_t left = n - (size_t)(p - text);
            /* The last line is as long as the second: its end is known without a search. */
            size_t length = k == 3 ? (size_t)(end[1] - line[1]) : 0;
            if (k == 3 && (left <= length || p[length] != '\n')) return 0;
            const uint8_t *found = k == 3 ? p + length : left ? memchr(p, '\n', left) : NULL;
            if (!found) return 0;
            line[k] = p;
            end[k] = found;
            p = found + 1;
        }
        size_t header = (size_t)(end[0] - line[0]), length = (size_t)(end[1] - line[1]);
        size_t plus = (size_t)(end[2] - line[2]);
        if (header < 2 || line[0][0] != '@' || end[0][-1] == '\r') return 0;
        if (plus < 1 || line[2][0] != '+' || end[2][-1] == '\r' || length == 0) return 0;
        size_t name = name_length(engine, line[0] + 1, header - 1);
        if (name == 0 || !plus_fits(line[2] + 1, plus - 1, line[0] + 1, name)) return 0;
        /* Neither a line end nor CR is printable: a shorter quality line is met here. */
        if (!engine->bases(line[1], length) || engine->printable(line[3], length) != length) return 0;
        span_t span = {(uint32_t)(line[0] + 1 - text), (uint32_t)(header - 1), (uint32_t)(line[1] - text), (uint32_t)length};
        if (keep_span(passed, span) != 0) return -1;
        if (few) count_read(engine->counter, few, table, line[1], line[3], length, 1);
        passed->reads += 1;
        passed->bases += length;
        at = (size_t)(p - text);
    }
}

int fastq_pass(const engine_t *engine, const uint8_t *text, size_t start, size_t n, uint64_t *table, passed_t *passed) {
    few_t *few = table ? few_new() : NULL;
    if (table && !few) return -1;
    int failed = pass_records(engine, text, start, n, few, table, passed);
    if (few) few_flush(few, table);
    free(few);
    return failed;
}
