/* Words of DNA in a small hash table. Letters other than A, C, G and T end a word; case is no matter. */
#include "fastq.h"

/* 1 to 4 for A, C, G and T of either case, 0 for all else. */
static const uint8_t LETTER[256] = {
    ['A'] = 1, ['C'] = 2, ['G'] = 3, ['T'] = 4, ['a'] = 1, ['c'] = 2, ['g'] = 3, ['t'] = 4,
};

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

int words_fill(uint64_t *slots, size_t capacity, const uint8_t *words, size_t count, size_t size) {
    for (size_t i = 0; i < capacity; i++) slots[i] = NO_WORD;
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        if (words_code(words + i * size, 1, size, &word) != 0) return -1;
        size_t at = slot_of(word, capacity);
        while (slots[at] != NO_WORD && slots[at] != word) at = (at + 1) & (capacity - 1);
        slots[at] = word;
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

int words_mark(const uint64_t *slots, size_t capacity, size_t size, const uint8_t *text, size_t n, size_t step,
               size_t needed) {
    return count_words(slots, capacity, size, text, n, step, 1) > 0 &&
           count_words(slots, capacity, size, text, n, 1, needed) >= needed;
}

void words_first(const uint64_t *words, size_t count, size_t size, const uint8_t *text, size_t n, int32_t *places) {
    const uint64_t mask = (UINT64_C(1) << (2 * size)) - 1;
    uint64_t word = 0, wanted = 0; /* a bit for each last six bits that some word has: most places need one look */
    size_t run = 0;
    for (size_t k = 0; k < count; k++) {
        places[k] = -1;
        wanted |= UINT64_C(1) << (words[k] & 63);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t code = LETTER[text[i]];
        run = code ? run + 1 : 0;
        word = (word << 2 | ((code - 1u) & 3)) & mask;
        if (run < size || !(wanted >> (word & 63) & 1)) continue;
        for (size_t k = 0; k < count; k++)
            if (words[k] == word && places[k] < 0) places[k] = (int32_t)(i + 1 - size);
    }
}
