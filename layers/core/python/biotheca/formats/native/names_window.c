/* The proof that names are unique because of their order: an instrument writes tile after tile, and within a tile row by
   row, nearly. What was passed is unique, or a candidate is told; what cannot be proven ends the proof. Never a guess.

   Within a prefix (up to the tile) keys are held in a buffer. When it is full it is sorted, equal neighbours are candidates,
   and the lower half goes; its highest key is the mark. A later key at or below the mark, or a prefix that comes back,
   ends the proof: such a name may have been there before. */
#include <stdlib.h>
#include <string.h>

#include "names.h"

enum { KEYS = 65536, DECIDED_AT = 4096, CLOSED_SLOTS = 32768, MAX_CLOSED = 24576, MAX_PREFIX = 1000, MAX_REPEATS = 131072 };

struct window {
    uint8_t prefix[MAX_PREFIX];
    size_t prefix_n;
    int form, tile_of_seven;
    unsigned pad;
    uint64_t hash; /* of form, pad and prefix; never 0 */
    int open, ended, first_is_major, decided, sorted, marked;
    uint64_t mark, last;
    size_t n, closed_n, found_n;
    uint64_t repeats;
    uint64_t keys[KEYS], spare[KEYS], closed[CLOSED_SLOTS];
    uint64_t found[MAX_CANDIDATES];
};

window_t *window_new(void) { return calloc(1, sizeof(window_t)); }
size_t window_found(const window_t *window, const uint64_t **found) {
    *found = window->found;
    return window->found_n;
}
uint64_t window_repeats(const window_t *window) { return window->repeats; }

static uint64_t prefix_hash(const uint8_t *prefix, const place_t *place) {
    uint64_t hash[2];
    murmur128(prefix, place->prefix, hash);
    uint64_t one = hash[0] ^ ((uint64_t)place->form << 8 | place->pad) * NAMES_READ_STEP;
    return one ? one : 1;
}

static uint64_t print_of(uint64_t prefix, uint64_t a, uint64_t b, unsigned read) {
    uint64_t h = prefix;
    const uint64_t parts[3] = {a, b, read};
    for (int i = 0; i < 3; i++) {
        h = (h ^ parts[i]) * UINT64_C(0x9FB21C651E98DF25);
        h ^= h >> 32;
    }
    return h;
}

/* Keys sort by the first number and the second, or the other way round, then by read number. */
static uint64_t key_of(const window_t *w, uint64_t a, uint64_t b, unsigned read) {
    if (w->form == PLACE_ONE) return a << 4 | read;
    return w->first_is_major ? a << 34 | b << 4 | read : b << 34 | a << 4 | read;
}

static uint64_t print_of_key(const window_t *w, uint64_t key) {
    if (w->form == PLACE_ONE) return print_of(w->hash, key >> 4, 0, key & 15);
    uint64_t major = key >> 34, minor = key >> 4 & ((UINT64_C(1) << 30) - 1);
    return w->first_is_major ? print_of(w->hash, major, minor, key & 15) : print_of(w->hash, minor, major, key & 15);
}

static uint64_t turned(uint64_t key) {
    return (key >> 4 & ((UINT64_C(1) << 30) - 1)) << 34 | key >> 34 << 4 | (key & 15);
}

/* Take the order of the two numbers in which fewer keys are below the one that came half a buffer before: neighbours may
   be shaken in either order. */
static void decide(window_t *w) {
    w->decided = 1;
    if (w->form == PLACE_ONE || w->sorted) return;
    size_t back = 0, turned_back = 0, half = w->n > 1 ? w->n / 2 : 1;
    for (size_t i = half; i < w->n; i++) {
        back += w->keys[i] <= w->keys[i - half];
        turned_back += turned(w->keys[i]) <= turned(w->keys[i - half]);
    }
    if (turned_back >= back) return;
    w->first_is_major = !w->first_is_major;
    w->sorted = 0;
    for (size_t i = 0; i < w->n; i++) w->keys[i] = turned(w->keys[i]);
    w->last = w->keys[w->n - 1];
}

/* By 11 bits at a time, those that differ. */
static void sort_keys(window_t *w) {
    uint64_t differ = 0, *from = w->keys, *to = w->spare;
    for (size_t i = 1; i < w->n; i++) differ |= from[i] ^ from[0];
    for (int shift = 0; shift < 64; shift += 11) {
        if (!(differ >> shift & 2047)) continue;
        uint32_t starts[2048] = {0}, at = 0;
        for (size_t i = 0; i < w->n; i++) starts[from[i] >> shift & 2047]++;
        for (size_t d = 0; d < 2048; d++) {
            uint32_t count = starts[d];
            starts[d] = at;
            at += count;
        }
        for (size_t i = 0; i < w->n; i++) to[starts[from[i] >> shift & 2047]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != w->keys) memcpy(w->keys, from, w->n * sizeof *from);
}

/* Look at the lowest `want` keys and let them go. 0 if there are too many candidates: names that differ only behind their
   numbers, or a file that is full of repeats. The spool takes both. */
static int settle(window_t *w, size_t want) {
    if (!w->n) return 1;
    if (!w->decided) decide(w);
    if (!w->sorted) sort_keys(w);
    w->sorted = 1; /* what is left is; the next key is compared with the highest */
    w->last = w->keys[w->n - 1];
    while (want < w->n && w->keys[want] == w->keys[want - 1]) want++;
    for (size_t i = 1; i < want; i++) {
        if (w->keys[i] != w->keys[i - 1]) continue;
        if (w->repeats++ >= MAX_REPEATS) return 0;
        if (i > 1 && w->keys[i] == w->keys[i - 2]) continue;
        if (w->found_n == MAX_CANDIDATES) return 0;
        w->found[w->found_n++] = print_of_key(w, w->keys[i]);
    }
    w->mark = w->keys[want - 1];
    w->marked = 1;
    w->n -= want;
    memmove(w->keys, w->keys + want, w->n * sizeof *w->keys);
    return 1;
}

/* Whether the prefix is new; remembers it. */
static int remember(window_t *w) {
    size_t at = w->hash & (CLOSED_SLOTS - 1);
    for (; w->closed[at]; at = (at + 1) & (CLOSED_SLOTS - 1))
        if (w->closed[at] == w->hash) return 0;
    if (w->closed_n == MAX_CLOSED) return 0;
    w->closed[at] = w->hash;
    w->closed_n++;
    return 1;
}

static int open_prefix(window_t *w, const uint8_t *name, const place_t *place) {
    if (!settle(w, w->n)) return 0;
    memcpy(w->prefix, name, place->prefix);
    w->prefix_n = place->prefix;
    w->form = place->form;
    w->pad = place->pad;
    w->hash = prefix_hash(name, place);
    size_t colons = 0;
    for (size_t i = 0; i < place->prefix; i++) colons += name[i] == ':';
    w->tile_of_seven = place->form == PLACE_TILE && colons == 5;
    w->open = w->sorted = 1;
    w->decided = w->marked = 0;
    w->first_is_major = place->form == PLACE_TWO;
    w->last = 0;
    return remember(w);
}

static size_t digits(const uint8_t *p, size_t n, uint64_t *value) {
    uint64_t v = 0;
    size_t i = 0;
    for (; i < n && (uint8_t)(p[i] - '0') <= 9; i++) {
        if (i == 18) return 0;
        v = v * 10 + (uint64_t)(p[i] - '0');
    }
    *value = v;
    return i && (i == 1 || p[0] != '0') ? i : 0;
}

/* A name with the open prefix and nothing but canonical numbers after it: names_place would say the same. 0 if in doubt.
   With five colons in the prefix, whatever follows the two numbers cannot move them. */
static int same_prefix(const window_t *w, const uint8_t *name, size_t n, place_t *place) {
    if (!w->open || w->pad || n > MAX_PREFIX || n <= w->prefix_n || memcmp(name, w->prefix, w->prefix_n) != 0) return 0;
    const uint8_t *p = name + w->prefix_n;
    size_t left = n - w->prefix_n, d = digits(p, left, &place->a);
    place->b = 0;
    if (w->form == PLACE_ONE) return d && d == left;
    if (w->form != PLACE_TILE || !d || d + 1 >= left || p[d] != ':') return 0;
    size_t e = digits(p + d + 1, left - d - 1, &place->b);
    if (!e || (place->a | place->b) >> 30) return 0;
    return d + 1 + e == left || w->tile_of_seven;
}

static int pass(window_t *w, read_name_t name) {
    place_t place;
    if (!same_prefix(w, name.text, name.n, &place)) {
        place = names_place(name.text, name.n);
        if (place.form == NO_PLACE) return 0;
        int same = w->open && place.form == w->form && place.pad == w->pad && place.prefix == w->prefix_n &&
                   memcmp(name.text, w->prefix, w->prefix_n) == 0;
        if (!same && !open_prefix(w, name.text, &place)) return 0;
    }
    uint64_t key = key_of(w, place.a, place.b, name.read);
    if (w->n == DECIDED_AT && !w->decided) {
        decide(w);
        key = key_of(w, place.a, place.b, name.read);
    }
    if (w->marked && key <= w->mark) return 0;
    if (w->n == KEYS) {
        if (!settle(w, KEYS / 2) || key <= w->mark) return 0;
    }
    w->sorted = w->sorted && (key > w->last || w->n == 0);
    w->last = key;
    w->keys[w->n++] = key;
    return 1;
}

void window_add(window_t *w, read_name_t name) {
    if (name.n && !w->ended && !pass(w, name)) w->ended = 1;
}

int window_holds(const window_t *w) { return !w->ended; }

int window_finish(window_t *w) {
    w->ended = w->ended || !settle(w, w->n);
    return w->ended ? -1 : 0;
}

int window_prints(const uint8_t *text, size_t text_n, const span_t *spans, size_t count, name_hash_t *out) {
    uint64_t hash = 0;
    place_t last = {0};
    const uint8_t *before = NULL;
    for (size_t i = 0; i < count; i++) {
        if ((uint64_t)spans[i].header + spans[i].header_length > text_n) return -2;
        read_name_t name = names_of_header(text + spans[i].header, spans[i].header_length);
        place_t place = names_place(name.text, name.n);
        out[i].print = out[i].more = 0;
        if (name.n == 0 || place.form == NO_PLACE) continue;
        int same = before && place.form == last.form && place.pad == last.pad && place.prefix == last.prefix &&
                   memcmp(name.text, before, place.prefix) == 0;
        if (!same) hash = prefix_hash(name.text, &place);
        before = name.text;
        last = place;
        out[i].print = print_of(hash, place.a, place.b, name.read);
        out[i].more = 1;
    }
    return 0;
}
