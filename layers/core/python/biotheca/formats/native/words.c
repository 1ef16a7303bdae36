/* Words of DNA in a small hash table. Letters other than A, C, G and T end a word; case is no matter. */
#include "fastq.h"

#include <string.h>

/* 1 to 4 for A, C, T and G of either case, 0 for all else: one more than bits 1 and 2 of the letter. */
static const uint8_t LETTER[256] = {
    ['A'] = 1, ['C'] = 2, ['T'] = 3, ['G'] = 4, ['a'] = 1, ['c'] = 2, ['t'] = 3, ['g'] = 4,
};

/* Eight letters as 16 bits, the first one uppermost, as if all were A, C, G or T. */
static inline unsigned eight_letters(const uint8_t *text) {
    uint64_t v;
    memcpy(&v, text, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    v = v >> 1 & UINT64_C(0x0303030303030303);
    v = (v | v >> 6) & UINT64_C(0x000f000f000f000f);
    v = (v | v >> 12) & UINT64_C(0x000000ff000000ff);
    return (unsigned)((v | v >> 24) & 0xffff);
}

/* Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4); the upper bits are the good ones. */
static inline size_t slot_of(uint64_t word, size_t capacity) {
    return (size_t)((word * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (capacity - 1);
}

static int holds(const uint64_t *slots, size_t capacity, uint64_t word) {
    for (size_t at = slot_of(word, capacity); slots[at] != NO_WORD; at = (at + 1) & (capacity - 1))
        if (slots[at] == word) return 1;
    return 0;
}

size_t words_capacity(size_t count) {
    size_t capacity = 16;
    while (capacity < count * 8) capacity *= 2;
    return capacity;
}

int words_code(const uint8_t *words, size_t count, size_t size, uint64_t *codes) {
    for (size_t i = 0; i < count; i++) {
        codes[i] = 0;
        for (size_t k = 0; k < size; k++) {
            uint8_t code = LETTER[words[i * size + k]];
            if (!code) return -1;
            codes[i] = codes[i] << 2 | (code - 1u);
        }
    }
    return 0;
}

int words_fill(uint64_t *table, size_t capacity, const uint8_t *words, size_t count, size_t size) {
    uint64_t *slots = table + WORDS_FILTER;
    memset(table, size < 8 ? 0xff : 0, WORDS_FILTER * sizeof *table);
    for (size_t i = 0; i < capacity; i++) slots[i] = NO_WORD;
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        if (words_code(words + i * size, 1, size, &word) != 0) return -1;
        size_t at = slot_of(word, capacity);
        while (slots[at] != NO_WORD && slots[at] != word) at = (at + 1) & (capacity - 1);
        slots[at] = word;
        if (size >= 8) {
            unsigned first = (unsigned)(word >> (2 * (size - 8)));
            table[first >> 6] |= UINT64_C(1) << (first & 63);
        }
    }
    return 0;
}

/* How many places hold a word; only every `step`-th place is looked at, and no more than `enough` are counted. */
static size_t count_words(const uint64_t *slots, size_t capacity, size_t size, const uint8_t *text, size_t n,
                          size_t step, size_t enough) {
    const uint64_t mask = (UINT64_C(1) << (2 * size)) - 1;
    uint64_t word = 0;
    size_t run = 0, found = 0, next = size - 1; /* where the next word that is looked at ends */
    for (size_t i = 0; i < n; i++) {
        uint8_t code = LETTER[text[i]];
        run = code ? run + 1 : 0;
        word = (word << 2 | ((code - 1u) & 3)) & mask;
        if (i != next) continue;
        next += step;
        if (run >= size && holds(slots, capacity, word) && ++found >= enough) break;
    }
    return found;
}

/* Whether a word stands at a multiple of `step`. Few places have the first eight letters of one. */
static int stands_one(const uint64_t *table, size_t capacity, size_t size, const uint8_t *text, size_t n, size_t step) {
    const uint64_t *slots = table + WORDS_FILTER;
    if (size < 8) return count_words(slots, capacity, size, text, n, step, 1) > 0;
    for (size_t i = 0; i + size <= n; i += step) {
        unsigned first = eight_letters(text + i);
        if (table[first >> 6] >> (first & 63) & 1 && count_words(slots, capacity, size, text + i, size, 1, 1)) return 1;
    }
    return 0;
}

int words_mark(const uint64_t *table, size_t capacity, size_t size, const uint8_t *text, size_t n, size_t step,
               size_t needed) {
    return stands_one(table, capacity, size, text, n, step) &&
           count_words(table + WORDS_FILTER, capacity, size, text, n, 1, needed) >= needed;
}

void words_first(const uint64_t *words, size_t count, size_t size, const uint8_t *text, size_t n, int32_t *places) {
    const uint64_t mask = (UINT64_C(1) << (2 * size)) - 1;
    const unsigned few = size < 6 ? 63 : 4095; /* the last bits of a word: most places need one look at them */
    uint64_t word = 0, wanted[64] = {0};
    size_t run = 0;
    for (size_t k = 0; k < count; k++) {
        places[k] = -1;
        wanted[(words[k] & few) >> 6] |= UINT64_C(1) << (words[k] & 63);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t code = LETTER[text[i]];
        run = code ? run + 1 : 0;
        word = (word << 2 | ((code - 1u) & 3)) & mask;
        if (!(wanted[(word & few) >> 6] >> (word & 63) & 1) || run < size) continue;
        for (size_t k = 0; k < count; k++)
            if (words[k] == word && places[k] < 0) places[k] = (int32_t)(i + 1 - size);
    }
}
