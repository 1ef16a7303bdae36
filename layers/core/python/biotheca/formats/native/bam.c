/* Alignment records (SAM specification 4.2; rules: biotheca/formats/bam_records.py). What is not plainly sound is left to
   that module: a false "no" costs time there, a false "yes" would lose a finding. */
#include "bam.h"

#include <stdlib.h>
#include <string.h>

enum { FIXED = 36, MAX_QUALITY = 93, MAX_TAGS = 64 };

static inline uint32_t u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint16_t u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

uint64_t bam_place(int32_t reference, int32_t position) {
    if (reference < 0) return UINT64_C(0xffffffff) << 32; /* without a place: behind all */
    return (uint64_t)(uint32_t)reference << 32 | (uint32_t)(position + 1);
}

/* 1 to 254 characters '!' to '~' without '@', then NUL; `n` counts the NUL. */
static int name_fits(const engine_t *engine, const uint8_t *name, size_t n) {
    if (n < 2 || name[n - 1] != 0) return 0;
    return engine->printable(name, n - 1) == n - 1 && !memchr(name, '@', n - 1);
}

/* Operations known, H only at the ends, S only within H, and as many bases as the sequence has, if it is there. */
static int cigar_fits(const uint8_t *cigar, size_t n, uint32_t bases) {
    static const uint8_t QUERY[9] = {1, 1, 0, 0, 1, 0, 0, 1, 1}; /* MIDNSHP=X */
    uint64_t length = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t one = u32(cigar + 4 * i), op = one & 15;
        if (op > 8) return 0;
        if (QUERY[op]) length += one >> 4;
        int first = i == 0, last = i + 1 == n;
        if (op == 5 && !first && !last) return 0;
        if (op == 4 && !first && !last) {
            int inside_first = i == 1 && (u32(cigar) & 15) == 5;
            int inside_last = i + 2 == n && (u32(cigar + 4 * (n - 1)) & 15) == 5;
            if (!inside_first && !inside_last) return 0;
        }
    }
    return n == 0 || bases == 0 || length == bases;
}

/* All 0 to 93: 1; all 255: 2; else 0. `n` is not 0. */
static int qualities_fit(const uint8_t *quality, size_t n) {
    uint8_t most = 0, least = 255;
    for (size_t i = 0; i < n; i++) {
        most = quality[i] > most ? quality[i] : most;
        least = quality[i] < least ? quality[i] : least;
    }
    return most <= MAX_QUALITY ? 1 : least == 255 ? 2 : 0;
}

static int has_group(const bam_header_t *header, const uint8_t *id, size_t n) {
    for (const char *at = header->groups, *end = at + header->groups_n; at < end; at += strlen(at) + 1)
        if (strlen(at) == n && memcmp(at, id, n) == 0) return 1;
    return 0;
}

static size_t value_size(uint8_t type) {
    switch (type) {
    case 'c': case 'C': return 1;
    case 's': case 'S': return 2;
    case 'i': case 'I': case 'f': return 4;
    default: return 0;
    }
}

static int is_letter(uint8_t c) { return (uint8_t)((c | 32) - 'a') < 26; }
static int is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

/* Bytes of a tag's value of `type` at the beginning of text[:n]; 0 if in doubt. */
static size_t tag_value(uint8_t type, const uint8_t *text, size_t n) {
    size_t size = value_size(type);
    if (size) return size <= n ? size : 0;
    if (type == 'A') return n && (uint8_t)(text[0] - 33) <= 93 ? 1 : 0;
    if (type == 'B') {
        if (n < 5 || !(size = value_size(text[0]))) return 0;
        uint64_t whole = 5 + (uint64_t)size * u32(text + 1);
        return whole <= n ? (size_t)whole : 0;
    }
    const uint8_t *end = (type == 'Z' || type == 'H') && n ? memchr(text, 0, n) : NULL;
    if (!end || (type == 'H' && (end - text) % 2)) return 0;
    for (const uint8_t *p = text; p < end; p++) {
        int hex = is_digit(*p) || (uint8_t)(*p - 'A') < 6;
        if (type == 'H' ? !hex : (uint8_t)(*p - 32) > 94) return 0;
    }
    return (size_t)(end - text) + 1;
}

static int tags_fit(const bam_header_t *header, const uint8_t *text, size_t n) {
    uint16_t seen[MAX_TAGS];
    size_t at = 0, count = 0;
    while (at < n) {
        if (n - at < 4 || count == MAX_TAGS) return 0;
        const uint8_t *tag = text + at;
        if (!is_letter(tag[0]) || !(is_letter(tag[1]) || is_digit(tag[1]))) return 0;
        for (size_t i = 0; i < count; i++)
            if (seen[i] == u16(tag)) return 0;
        seen[count++] = u16(tag);
        size_t size = tag_value(tag[2], tag + 3, n - at - 3);
        if (!size) return 0;
        if (header->groups_n && tag[0] == 'R' && tag[1] == 'G' && (tag[2] != 'Z' || !has_group(header, tag + 3, size - 1)))
            return 0;
        at += 3 + size;
    }
    return 1;
}

/* Below, at or above 0, as samtools sorts by name: runs of digits are numbers. Texts end with NUL. */
static int natural(const uint8_t *a, const uint8_t *b) {
    while (*a && *b) {
        if (!is_digit(*a) || !is_digit(*b)) {
            if (*a != *b) return (int)*a - (int)*b;
            a++, b++;
            continue;
        }
        while (*a == '0') a++;
        while (*b == '0') b++;
        while (is_digit(*a) && *a == *b) a++, b++;
        int differ = is_digit(*a) && is_digit(*b) ? (int)*a - (int)*b : 0;
        while (is_digit(*a) && is_digit(*b)) a++, b++;
        if (is_digit(*a)) return 1;
        if (is_digit(*b)) return -1;
        if (differ) return differ;
    }
    return *a ? 1 : *b ? -1 : 0;
}

static int orders_kept(int order, const bam_previous_t *previous, uint64_t place, const uint8_t *name) {
    if ((order & BAM_COORDINATE) && place < previous->place) order &= ~BAM_COORDINATE;
    if (!previous->name) return order;
    if ((order & BAM_LEXICAL) && strcmp((const char *)previous->name, (const char *)name) > 0) order &= ~BAM_LEXICAL;
    if ((order & BAM_NATURAL) && natural(previous->name, name) > 0) order &= ~BAM_NATURAL;
    return order;
}

/* Whether reference and position can be: none, or one of the list and within it. */
static int place_fits(const bam_header_t *header, int32_t reference, int32_t position) {
    if (reference == -1) return position >= -1;
    return reference >= 0 && (size_t)reference < header->references && position >= -1 &&
           (position < 0 || (uint32_t)position < header->lengths[reference]);
}

/* What tells the read from all others: Record.header in bam_records.py. Bytes written. */
static size_t write_name(uint8_t *to, const uint8_t *name, size_t n, uint16_t flags) {
    if (n == 1 && name[0] == '*') return 0;
    int mate = (flags & 0x40 ? 1 : 0) | (flags & 0x80 ? 2 : 0);
    if ((flags & 1) && mate != 1 && mate != 2) return 0;
    memcpy(to, name, n);
    if (flags & 1) to[n++] = '/', to[n++] = (uint8_t)('0' + mate);
    return n;
}

/* Keep name and bases of a read, as the sequencer gave it, and count it. No more is written than the record has bytes. */
static int take_read(const engine_t *engine, few_t *few, uint64_t *table, bam_passed_t *passed, const uint8_t *name,
                     size_t name_n, uint16_t flags, const uint8_t *packed, const uint8_t *quality, size_t bases, int absent) {
    if (passed->reads == passed->capacity) {
        size_t capacity = passed->capacity ? passed->capacity * 2 : 8192;
        span_t *more = realloc(passed->spans, capacity * sizeof *more);
        if (!more) return -1;
        passed->spans = more;
        passed->capacity = capacity;
    }
    if (passed->scratch_n < bases) {
        uint8_t *more = realloc(passed->scratch, bases + 4096);
        if (!more) return -1;
        passed->scratch = more;
        passed->scratch_n = bases + 4096;
    }
    uint8_t *p = passed->text + passed->text_n;
    size_t header = write_name(p, name, name_n, flags);
    bam_bases(p + header, packed, bases, flags & 0x10);
    bam_qualities(passed->scratch, quality, bases, flags & 0x10, absent);
    count_read(engine->counter, few, table, p + header, passed->scratch, bases, 1);
    passed->spans[passed->reads] =
        (span_t){(uint32_t)passed->text_n, (uint32_t)header, (uint32_t)(passed->text_n + header), (uint32_t)bases};
    passed->text_n += header + bases;
    return 0;
}

int bam_pass(const engine_t *engine, const uint8_t *text, size_t start, size_t n, const bam_header_t *header,
             bam_previous_t previous, int order, few_t *few, uint64_t *table, bam_passed_t *passed) {
    const int claimed = order != 0;
    size_t at = start;
    passed->last = passed->end = start;
    for (;;) {
        passed->end = at;
        passed->order = order;
        if (passed->records == 0) passed->last = at;
        if (n - at < FIXED) return 0;
        const uint8_t *p = text + at;
        uint32_t size = u32(p);
        if (size > n - at - 4) return 0;
        int32_t reference = (int32_t)u32(p + 4), position = (int32_t)u32(p + 8);
        size_t name_n = p[12], cigar_n = u16(p + 16);
        uint16_t flags = u16(p + 18);
        uint32_t bases = u32(p + 20);
        uint64_t before_tags = 32 + name_n + 4 * (uint64_t)cigar_n + ((uint64_t)bases + 1) / 2 + bases;
        if (size < before_tags || bases > INT32_MAX) return 0;
        const uint8_t *name = p + FIXED, *cigar = name + name_n, *packed = cigar + 4 * cigar_n;
        const uint8_t *quality = packed + ((size_t)bases + 1) / 2, *tags = quality + bases;
        int primary = !(flags & 0x900);
        if (bases == 0 && primary) return 0;
        if (!place_fits(header, reference, position) || !place_fits(header, (int32_t)u32(p + 24), (int32_t)u32(p + 28)))
            return 0;
        if ((flags & 0xf000) || (!(flags & 1) && (flags & 0xea)) || (!(flags & 4) && (reference < 0 || position < 0))) return 0;
        if (!name_fits(engine, name, name_n) || !cigar_fits(cigar, cigar_n, bases)) return 0;
        int known = bases ? qualities_fit(quality, bases) : 2;
        if (!known || !tags_fit(header, tags, size - (size_t)before_tags)) return 0;
        uint64_t place = bam_place(reference, position);
        if (claimed && !(order = orders_kept(order, &previous, place, name))) return 0;
        if (primary) {
            if (few && take_read(engine, few, table, passed, name, name_n - 1, flags, packed, quality, bases, known == 2))
                return -1;
            passed->reads++;
            passed->bases += bases;
            passed->without_qualities += known == 2;
            passed->failed += (flags & 0x200) != 0;
            passed->unmapped += (flags & 4) != 0;
        }
        passed->records++;
        passed->last = at;
        previous.place = place;
        previous.name = name;
        at += (size_t)size + 4;
    }
}
