/* Which fingerprints stand more than once, of any number of names in any order, in bounded memory.

   By its top byte each print goes to one of 256 parts, whose buffers are written to one file chunk by chunk. At the end
   part after part is read back, spread over buckets that fit the processor's cache, and looked for equals in a small
   table. A part with too many different names is split again by its next byte, at the end of the same file. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "names.h"

enum { PARTS = 256, BUCKET_BITS = 9, BUCKETS = 1 << BUCKET_BITS, RECENT = 4096, MAX_DEPTH = 4 };
#define SEEN_TWICE (UINT64_C(1) << 63)
#define TAKEN (UINT64_C(1) << 62)
#define VALUE (TAKEN - 1)

struct spool {
    int fd, depth;
    unsigned width, value_bits; /* of what is stored: the print without its top byte, and six further bits if wide */
    size_t chunk, per_chunk, most;
    uint64_t base; /* where in the file the first chunk stands, bytes */
    uint8_t *buffers;
    uint32_t fill[PARTS];
    uint8_t *owner; /* the part of each chunk */
    size_t chunks, capacity;
    uint64_t names[PARTS];
    /* For the end: */
    uint64_t *values, *spread, *table;
    size_t values_capacity, spread_capacity, table_capacity;
    uint8_t *chunk_read;
};

static uint8_t *buffer_of(const spool_t *s, size_t part) { return s->buffers + part * (s->chunk + 8); }

spool_t *spool_new(int fd, unsigned width, size_t chunk, size_t most) {
    spool_t *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->fd = fd;
    s->width = width;
    s->value_bits = width == SPOOL_WIDE ? 62 : 56;
    s->per_chunk = chunk / width;
    s->chunk = chunk;
    s->most = most;
    s->buffers = malloc(PARTS * (chunk + 8));
    if (s->buffers && s->per_chunk) return s;
    spool_free(s);
    return NULL;
}

void spool_free(spool_t *s) {
    if (!s) return;
    free(s->buffers);
    free(s->owner);
    free(s->values);
    free(s->spread);
    free(s->table);
    free(s->chunk_read);
    free(s);
}

uint64_t spool_bytes(const spool_t *s) { return (uint64_t)s->chunks * s->chunk; }

static int write_all(int fd, const uint8_t *data, size_t n, uint64_t at) {
    while (n) {
        ssize_t done = pwrite(fd, data, n, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return done < 0 ? errno : ENOSPC;
        data += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return 0;
}

static int read_all(int fd, uint8_t *data, size_t n, uint64_t at) {
    while (n) {
        ssize_t done = pread(fd, data, n, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return done < 0 ? errno : EIO;
        data += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return 0;
}

static int flush_part(spool_t *s, size_t part) {
    if (s->fd < 0) return ENOSPC;
    if (s->chunks == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 1024;
        uint8_t *more = realloc(s->owner, capacity);
        if (!more) return ENOMEM;
        s->owner = more;
        s->capacity = capacity;
    }
    int failed = write_all(s->fd, buffer_of(s, part), s->chunk, s->base + spool_bytes(s));
    if (failed) return failed;
    s->owner[s->chunks++] = (uint8_t)part;
    s->fill[part] = 0;
    return 0;
}

/* The value's top byte has gone into the part's number. */
static inline int put(spool_t *s, size_t part, uint64_t value) {
    uint8_t *at = buffer_of(s, part) + s->fill[part] * s->width;
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(value >> 8 * i); /* one store where the machine has this order */
    return ++s->fill[part] == s->per_chunk ? flush_part(s, part) : 0;
}

int spool_add(spool_t *s, const name_hash_t *hashes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t print = hashes[i].print, value = print & (UINT64_MAX >> 8);
        if (!(print | hashes[i].more)) continue;
        if (s->width == SPOOL_WIDE) value = value << 6 | hashes[i].more >> 58;
        int failed = put(s, print >> 56, value);
        if (failed) return failed;
    }
    return 0;
}

/* Up to a byte beyond the value is read; buffers have room for it. */
static inline uint64_t get(const spool_t *s, const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= (uint64_t)at[i] << 8 * i;
    return value & (UINT64_MAX >> (64 - s->value_bits));
}

/* When all were put. */
static void count_names(spool_t *s) {
    for (size_t part = 0; part < PARTS; part++) s->names[part] = s->fill[part];
    for (size_t i = 0; i < s->chunks; i++) s->names[s->owner[i]] += s->per_chunk;
}

/* Room for at least so many numbers. */
static int room(uint64_t **numbers, size_t *capacity, size_t wanted) {
    if (*capacity >= wanted) return 0;
    free(*numbers);
    *numbers = malloc(wanted * sizeof **numbers);
    *capacity = *numbers ? wanted : 0;
    return *numbers ? 0 : ENOMEM;
}

static int found(repeated_t *r, uint64_t print) {
    r->names++;
    if (r->found_n == MAX_CANDIDATES) return 0;
    if (r->found_n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        uint64_t *more = realloc(r->found, capacity * sizeof *more);
        if (!more) return ENOMEM;
        r->found = more;
        r->capacity = capacity;
    }
    r->found[r->found_n++] = print;
    return 0;
}

static uint64_t print_of(const spool_t *s, uint64_t top, uint64_t value) {
    return top << 56 | (s->width == SPOOL_WIDE ? value >> 6 : value);
}

typedef int (*each_t)(spool_t *s, const uint8_t *data, size_t names, void *more);

/* All that was kept of a part, chunk by chunk. */
static int each_chunk(spool_t *s, size_t part, each_t each, void *more) {
    if (!s->chunk_read && !(s->chunk_read = malloc(s->chunk + 8))) return ENOMEM;
    int failed = 0;
    for (size_t i = 0; i < s->chunks && !failed; i++) {
        if (s->owner[i] != part) continue;
        failed = read_all(s->fd, s->chunk_read, s->chunk, s->base + (uint64_t)i * s->chunk);
        if (!failed) failed = each(s, s->chunk_read, s->per_chunk, more);
    }
    return failed ? failed : each(s, buffer_of(s, part), s->fill[part], more);
}

typedef struct {
    size_t n;
    repeated_t *repeated;
    uint32_t recent[RECENT]; /* where in `values` a name stands that came lately: one name a million times takes no room */
} load_t;

/* Into `values`; EFBIG if there are more different names than are sorted at once. */
static int load(spool_t *s, const uint8_t *data, size_t names, void *more) {
    load_t *l = more;
    for (size_t i = 0; i < names; i++) {
        uint64_t value = get(s, data + i * s->width);
        uint32_t *lately = &l->recent[(value ^ value >> 24) & (RECENT - 1)];
        if (*lately < l->n && (s->values[*lately] & ~SEEN_TWICE) == value) {
            s->values[*lately] |= SEEN_TWICE;
            l->repeated->repeats++;
            continue;
        }
        if (l->n == s->values_capacity) return EFBIG;
        *lately = (uint32_t)l->n;
        s->values[l->n++] = value;
    }
    return 0;
}

static int bucket(spool_t *s, uint64_t top, const uint64_t *values, size_t n, unsigned bits, repeated_t *r) {
    unsigned table_bits = 4;
    while ((size_t)1 << table_bits < 2 * n) table_bits++;
    size_t capacity = (size_t)1 << table_bits;
    int failed = room(&s->table, &s->table_capacity, capacity);
    if (failed) return failed;
    memset(s->table, 0, capacity * sizeof *s->table);
    for (size_t i = 0; i < n; i++) {
        uint64_t value = values[i] & VALUE, twice = values[i] & SEEN_TWICE;
        /* The bits below those by which it came into this bucket. */
        size_t at = (size_t)(bits > table_bits ? value >> (bits - table_bits) : value) & (capacity - 1);
        while (s->table[at] && (s->table[at] & VALUE) != value) at = (at + 1) & (capacity - 1);
        uint64_t before = s->table[at];
        if (before) {
            r->repeats++;
            twice = SEEN_TWICE;
        }
        if (twice && !(before & SEEN_TWICE) && (failed = found(r, print_of(s, top, value)))) return failed;
        s->table[at] = TAKEN | value | twice | (before & SEEN_TWICE);
    }
    return 0;
}

/* The part's values are in `values`. `bits` of them are not the same in the whole part. */
static int find_equals(spool_t *s, uint64_t top, size_t n, unsigned bits, repeated_t *r) {
    int failed = room(&s->spread, &s->spread_capacity, s->values_capacity);
    if (failed) return failed;
    size_t starts[BUCKETS + 1] = {0}, at[BUCKETS];
    unsigned shift = bits - BUCKET_BITS;
    for (size_t i = 0; i < n; i++) starts[(s->values[i] >> shift & (BUCKETS - 1)) + 1]++;
    for (size_t b = 0; b < BUCKETS; b++) {
        starts[b + 1] += starts[b];
        at[b] = starts[b];
    }
    for (size_t i = 0; i < n; i++) s->spread[at[s->values[i] >> shift & (BUCKETS - 1)]++] = s->values[i];
    for (size_t b = 0; b < BUCKETS && !failed; b++)
        failed = bucket(s, top, s->spread + starts[b], starts[b + 1] - starts[b], shift, r);
    return failed;
}

static int finish_part(spool_t *s, size_t part, uint64_t top, unsigned bits, repeated_t *r);

typedef struct {
    spool_t *into;
    unsigned shift;
} split_t;

static int split_chunk(spool_t *s, const uint8_t *data, size_t names, void *more) {
    split_t *split = more;
    for (size_t i = 0; i < names; i++) {
        uint64_t value = get(s, data + i * s->width);
        int failed = put(split->into, value >> split->shift & (PARTS - 1), value);
        if (failed) return failed;
    }
    return 0;
}

static int finish_in_parts(spool_t *s, size_t part, uint64_t top, unsigned bits, repeated_t *r) {
    if (s->depth == MAX_DEPTH) return EOVERFLOW; /* 10^16 names, or a hash that is none */
    spool_t *into = spool_new(s->fd, s->width, s->chunk > 16384 ? 16384 : s->chunk, s->most);
    if (!into) return ENOMEM;
    into->depth = s->depth + 1;
    into->base = s->base + spool_bytes(s);
    split_t split = {into, bits - 8};
    int failed = each_chunk(s, part, split_chunk, &split);
    count_names(into);
    for (size_t p = 0; p < PARTS && !failed; p++) failed = finish_part(into, p, top, bits - 8, r);
    spool_free(into);
    return failed;
}

static int finish_part(spool_t *s, size_t part, uint64_t top, unsigned bits, repeated_t *r) {
    if (!s->names[part]) return 0;
    size_t wanted = s->names[part] < s->most ? (size_t)s->names[part] : s->most;
    int failed = room(&s->values, &s->values_capacity, wanted);
    if (failed) return failed;
    load_t l = {0, r, {0}};
    uint64_t repeats = r->repeats;
    failed = each_chunk(s, part, load, &l);
    if (failed == 0) return find_equals(s, top, l.n, bits, r);
    r->repeats = repeats;
    if (failed != EFBIG) return failed;
    free(s->values);
    free(s->spread);
    s->values = s->spread = NULL;
    s->values_capacity = s->spread_capacity = 0;
    return finish_in_parts(s, part, top, bits, r);
}

int spool_finish(spool_t *s, repeated_t *repeated) {
    int failed = 0;
    count_names(s);
    for (size_t part = 0; part < PARTS && !failed; part++)
        failed = finish_part(s, part, part, s->value_bits, repeated);
    return failed;
}
