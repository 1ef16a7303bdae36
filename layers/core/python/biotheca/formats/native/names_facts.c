/* What the names of a file say together: a digest every 65,536 reads, read numbers, lanes. Twin: names_twin.py. */
#include <stdlib.h>
#include <string.h>

#include "names.h"

static void write_digest(const uint64_t chain[2], uint8_t *out) {
    for (int i = 0; i < 16; i++) out[i] = (uint8_t)(chain[i >> 3] >> (56 - 8 * (i & 7)));
}

static int close_block(name_facts_t *facts) {
    if (facts->digests_n == facts->digests_capacity) {
        size_t capacity = facts->digests_capacity ? 2 * facts->digests_capacity : 64;
        uint8_t *more = realloc(facts->digests, capacity * 16);
        if (!more) return -1;
        facts->digests = more;
        facts->digests_capacity = capacity;
    }
    write_digest(facts->chain, facts->digests + 16 * facts->digests_n++);
    facts->chain[0] = facts->chain[1] = facts->in_block = 0;
    return 0;
}

/* Each half: the order of names matters, and no name can undo another. */
static inline uint64_t chained(uint64_t chain, uint64_t hash, uint64_t by) {
    chain = (chain ^ hash) * by;
    return chain ^ chain >> 29;
}

/* The first four fields of seven or more, the first two of five or six: instrument, run, flow cell, lane. MGI: up to
   the column. 0 if the name tells of no lane. */
static size_t lane_length(const uint8_t *name, size_t n) {
    size_t colons = 0, second = 0, fourth = 0;
    for (size_t i = 0; i < n; i++)
        if (name[i] == ':') {
            colons++;
            if (colons == 2) second = i;
            if (colons == 4) fourth = i;
        }
    if (colons >= 4) return colons >= 6 ? fourth : second;
    /* ...L1C001R... */
    for (size_t i = 1; colons == 0 && i + 7 <= n; i++)
        if (name[i] == 'L' && name[i + 1] >= '1' && name[i + 1] <= '8' && name[i + 2] == 'C' && name[i + 6] == 'R' &&
            (uint8_t)(name[i + 3] - '0') <= 9 && (uint8_t)(name[i + 4] - '0') <= 9 && (uint8_t)(name[i + 5] - '0') <= 9)
            return i + 2;
    return 0;
}

static void note_lane(name_facts_t *facts, const uint8_t *name, size_t n) {
    size_t last = facts->lane_last;
    if (facts->lanes_n && n > facts->lane_n[last] && memcmp(name, facts->lanes[last], facts->lane_n[last]) == 0) {
        /* Still the same lane if its fields are: the next character ends the last field. */
        uint8_t next = name[facts->lane_n[last]];
        if (next == ':' || next == 'C') return;
    }
    size_t length = lane_length(name, n);
    if (!length || length > MAX_LANE_BYTES) return;
    for (size_t i = 0; i < facts->lanes_n; i++)
        if (facts->lane_n[i] == length && memcmp(facts->lanes[i], name, length) == 0) {
            facts->lane_last = i;
            return;
        }
    if (facts->lanes_n == MAX_LANES) {
        facts->more_lanes = 1;
        return;
    }
    memcpy(facts->lanes[facts->lanes_n], name, length);
    facts->lane_n[facts->lanes_n] = length;
    facts->lane_last = facts->lanes_n++;
}

static inline name_hash_t hash_of(read_name_t name) {
    uint64_t hash[2];
    murmur128(name.text, name.n, hash);
    return (name_hash_t){hash[0], hash[1]};
}

/* A name and its hash. 0, or -1 if memory is short. */
static int take(name_facts_t *facts, read_name_t name, name_hash_t hash, name_hash_t *out) {
    if (out) {
        out->print = name.n ? hash.print + name.read * NAMES_READ_STEP : 0;
        out->more = name.n ? hash.more : 0;
    }
    /* Some tools end the names of mates with .1 and .2, or _1 and _2. */
    const uint8_t *tail = name.text + name.n;
    if (name.n > 2 && (tail[-2] == '.' || tail[-2] == '_') && (tail[-1] == '1' || tail[-1] == '2'))
        hash = hash_of((read_name_t){name.text, name.n - 2, 0});
    facts->chain[0] = chained(facts->chain[0], hash.print, UINT64_C(0x9FB21C651E98DF25));
    facts->chain[1] = chained(facts->chain[1], hash.more, UINT64_C(0xD6E8FEB86659FD93));
    facts->labels[name.read <= 2 ? name.read : 0]++;
    note_lane(facts, name.text, name.n);
    return ++facts->in_block == NAMES_PER_DIGEST ? close_block(facts) : 0;
}

static int add(name_facts_t *facts, window_t *window, read_name_t name, name_hash_t *out) {
    if (window) window_add(window, name);
    return take(facts, name, hash_of(name), out);
}

/* Names, then hashes, then the rest: each loop is short, so that the processor works on several names at once. */
enum { AT_ONCE = 64 };

int name_facts_feed(name_facts_t *facts, window_t *window, const uint8_t *text, size_t text_n, const span_t *spans,
                    size_t count, name_hash_t *out) {
    read_name_t names[AT_ONCE];
    name_hash_t hashes[AT_ONCE];
    for (size_t first = 0; first < count; first += AT_ONCE) {
        size_t n = count - first < AT_ONCE ? count - first : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            span_t span = spans[first + i];
            if ((uint64_t)span.header + span.header_length > text_n) return -2;
            names[i] = names_of_header(text + span.header, span.header_length);
        }
        for (size_t i = 0; i < n; i++) hashes[i] = hash_of(names[i]);
        for (size_t i = 0; i < n; i++) {
            if (window) window_add(window, names[i]);
            if (take(facts, names[i], hashes[i], out ? out + first + i : NULL) != 0) return -1;
        }
    }
    return 0;
}

int names_walk(names_walk_t *walk, size_t at, const uint8_t *header, size_t end, size_t n) {
    if (walk->wanted && at == walk->capacity) {
        size_t capacity = walk->capacity ? walk->capacity * 2 : 4096;
        name_hash_t *more = realloc(walk->hashes, capacity * sizeof *more);
        if (!more) return -1;
        walk->hashes = more;
        walk->capacity = capacity;
    }
    return add(walk->facts, walk->window, names_until(header, end, n), walk->wanted ? walk->hashes + at : NULL);
}

int name_facts_rest(const name_facts_t *facts, uint8_t out[16]) {
    if (facts->in_block) write_digest(facts->chain, out);
    return facts->in_block != 0;
}
