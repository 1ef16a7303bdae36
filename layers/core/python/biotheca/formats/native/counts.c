/* Counting of a read's letters and qualities by cycle. No Python here. What is counted: biotheca/formats/counts.py. */
#include "counts.h"

#include <stdlib.h>
#include <string.h>

few_t *few_new(void) { return calloc(1, sizeof(few_t)); }

static inline unsigned level_of(uint8_t quality) {
    return quality < 33 ? 0 : quality > 126 ? 93 : quality - 33u;
}

/* Of either case; U is counted as T, '.' as N. */
static unsigned strange_letter(uint8_t letter) {
    if (letter == '.') return N;
    switch (letter & 0xdf) {
    case 'A': return A;
    case 'C': return C;
    case 'G': return G;
    case 'T': case 'U': return T;
    case 'N': return N;
    default: return OTHER;
    }
}

static void flush_bytes(few_t *few) {
    for (unsigned k = 0; k < 3; k++)
        for (size_t at = 0; at < SINGLE; at++) few->letters[k][at] += few->few[k][at];
    memset(few->few, 0, sizeof few->few);
    for (unsigned k = 0; k < few->usual_n; k++) {
        for (size_t at = 0; at < SINGLE; at++) few->usual_sums[k][at] += few->few_usual[k][at];
        memset(few->few_usual[k], 0, sizeof few->few_usual[k]);
    }
    few->in_bytes = 0;
}

/* Whether a few quality levels are nearly all, and which: by what was counted since the last time. */
static void choose_usual(few_t *few) {
    uint64_t counts[LEVELS] = {0}, all = 0, chosen = 0;
    for (size_t at = 0; at < SINGLE; at++)
        for (size_t level = 0; level < LEVELS; level++) counts[level] += few->quality[at][level];
    for (unsigned k = 0; k < few->usual_n; k++)
        for (size_t at = 0; at < SINGLE; at++) counts[few->usual[k] - 33] += few->usual_sums[k][at];
    for (size_t level = 0; level < LEVELS; level++) all += counts[level];
    unsigned n = 0;
    memset(few->is_usual, 0, sizeof few->is_usual);
    for (; n < MAX_USUAL && chosen * 100 < all * 99; n++) {
        size_t best = 0;
        for (size_t level = 1; level < 94; level++)
            if (counts[level] > counts[best]) best = level;
        chosen += counts[best];
        counts[best] = 0;
        few->usual[n] = (uint8_t)(best + 33);
        few->is_usual[best + 33] = 1;
    }
    few->usual_n = chosen * 100 < all * 99 ? 0 : n;
}

void few_flush(few_t *few, uint64_t *table) {
    if (few->reads == 0) return;
    flush_bytes(few);
    uint64_t covered = few->lengths[SINGLE];
    size_t last = covered ? SINGLE : 0;
    for (size_t at = SINGLE; at-- > 0;) {
        /* A read of n bases covers the places 0 to n - 1. */
        uint64_t *row = table + ROWS + at * ROW, *letters = row + LEVELS;
        if (covered) {
            uint64_t known = 0;
            const unsigned to[5] = {A, C, G, N, OTHER};
            for (unsigned k = 0; k < 5; k++) {
                letters[to[k]] += few->letters[k][at];
                known += few->letters[k][at];
            }
            letters[T] += covered - known;
            for (size_t level = 0; level < LEVELS; level++) row[level] += few->quality[at][level];
            for (unsigned k = 0; k < few->usual_n; k++) row[few->usual[k] - 33] += few->usual_sums[k][at];
            if (last < at + 1) last = at + 1;
        }
        covered += few->lengths[at];
    }
    if (few->reads >= 65535) choose_usual(few);
    memset(few->usual_sums, 0, sizeof few->usual_sums);
    for (unsigned k = 0; k < 5; k++) memset(few->letters[k], 0, last * sizeof few->letters[k][0]);
    memset(few->lengths, 0, sizeof few->lengths);
    memset(few->quality, 0, last * sizeof few->quality[0]);
    few->reads = 0;
}

/* Cycles from the 513th on, by bins. */
static size_t count_far(const counter_t *counter, uint64_t *table, const uint8_t *bases, const uint8_t *qualities,
                        size_t n) {
    size_t gc = 0;
    for (size_t at = SINGLE; at < n;) {
        size_t bin = bin_of(at), end = n;
        if (bin < BINS - 1) {
            unsigned power = 63u - (unsigned)__builtin_clzll((unsigned long long)at);
            size_t next = ((at >> (power - 4u)) + 1) << (power - 4u);
            if (next < n) end = next;
        }
        uint64_t *row = table + ROWS + bin * ROW, *letters = row + LEVELS, sums[4] = {0, 0, 0, 0};
        counter->sums(bases + at, end - at, sums);
        letters[A] += sums[A];
        letters[C] += sums[C];
        letters[G] += sums[G];
        letters[T] += sums[T];
        gc += sums[C] + sums[G];
        if (sums[A] + sums[C] + sums[G] + sums[T] != end - at)
            for (size_t i = at; i < end; i++) {
                unsigned letter = strange_letter(bases[i]);
                if (letter >= N || (bases[i] & 0xdf) == 'U') letters[letter] += 1;
            }
        /* Four tables, so that runs of one quality do not wait for their own counter. */
        uint32_t four[4][LEVELS];
        memset(four, 0, sizeof four);
        for (size_t i = at; i < end; i++) four[i & 3][level_of(qualities[i])]++;
        for (size_t level = 0; level < LEVELS; level++)
            row[level] += (uint64_t)four[0][level] + four[1][level] + four[2][level] + four[3][level];
        at = end;
    }
    return gc;
}

/* Qualities that are known to be ASCII 33 to 126. Eight at a time: loads of single bytes would be half of the work. */
static void count_sound(few_t *few, const uint8_t *qualities, size_t n) {
    uint16_t *row = few->quality[0];
    size_t at = 0;
    for (; at + 8 <= n; at += 8, row += 8 * LEVELS) {
        uint64_t eight;
        memcpy(&eight, qualities + at, 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
        eight = __builtin_bswap64(eight);
#endif
        row[0 * LEVELS + (eight & 0xff) - 33]++;
        row[1 * LEVELS + (eight >> 8 & 0xff) - 33]++;
        row[2 * LEVELS + (eight >> 16 & 0xff) - 33]++;
        row[3 * LEVELS + (eight >> 24 & 0xff) - 33]++;
        row[4 * LEVELS + (eight >> 32 & 0xff) - 33]++;
        row[5 * LEVELS + (eight >> 40 & 0xff) - 33]++;
        row[6 * LEVELS + (eight >> 48 & 0xff) - 33]++;
        row[7 * LEVELS + (eight >> 56) - 33]++;
    }
    for (; at < n; at++, row += LEVELS) row[qualities[at] - 33u]++;
}

/* The same, where a few levels are nearly all: those by vectors, and what is left one by one. */
static void count_usual(const counter_t *counter, few_t *few, const uint8_t *qualities, size_t n) {
    size_t left = counter->by_letter(qualities, n, few->usual, few->usual_n, few->few_usual);
    for (size_t at = 0; left; at++) {
        if (few->is_usual[qualities[at]]) continue;
        few->quality[at][qualities[at] - 33u]++;
        left--;
    }
}

void count_read(const counter_t *counter, few_t *few, uint64_t *table, const uint8_t *bases, const uint8_t *qualities,
                size_t n, int sound) {
    size_t near = n < SINGLE ? n : SINGLE, strange = 0;
    size_t gc = counter->by_place(bases, near, few->few, &strange);
    for (size_t at = 0; strange && at < near; at++) {
        unsigned letter = strange_letter(bases[at]);
        if (letter < T || (bases[at] & 0xdf) == 'T') continue;
        strange--;
        if (letter >= N) few->letters[letter - N + 3][at]++;
    }
    if (sound && few->usual_n && counter->by_letter && near >= counter->least)
        count_usual(counter, few, qualities, near);
    else if (sound)
        count_sound(few, qualities, near);
    else
        for (size_t at = 0; at < near; at++) few->quality[at][level_of(qualities[at])]++;
    few->lengths[near < n ? SINGLE : near]++;
    if (n > near) gc += count_far(counter, table, bases, qualities, n);

    table[READS] += 1;
    table[BASES] += n;
    if (n < table[SHORTEST] || table[READS] == 1) table[SHORTEST] = n;
    if (n > table[LONGEST]) table[LONGEST] = n;
    if (n) {
        table[LENGTHS + bin_in(n - 1, 8, LENGTH_BINS)] += 1;
        table[READ_QUALITY + counter->total(qualities, n) / n] += 1;
        table[READ_GC + gc * 100 / n] += 1;
    }
    few->reads += 1;
    if (++few->in_bytes == 255) {
        flush_bytes(few);
        if (few->reads == 255 && !few->usual_n) choose_usual(few);
    }
    if (few->reads == 65535) few_flush(few, table);
}
