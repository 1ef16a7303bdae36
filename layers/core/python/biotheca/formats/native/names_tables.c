/* Looking names up: a set of fingerprints, and Bloom's filter (Communications of the ACM 13, 1970). */
#include "names.h"

size_t prints_capacity(size_t count) {
    size_t capacity = 16;
    while (capacity < count * 4) capacity *= 2;
    return capacity;
}

/* 0 marks an empty slot: it is kept as 1, and such a name is looked at in vain. */
static inline uint64_t kept(uint64_t print) { return print ? print : 1; }

void prints_fill(uint64_t *slots, size_t capacity, const uint64_t *prints, size_t count) {
    for (size_t i = 0; i < capacity; i++) slots[i] = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t print = kept(prints[i]);
        size_t at = print & (capacity - 1);
        while (slots[at] && slots[at] != print) at = (at + 1) & (capacity - 1);
        slots[at] = print;
    }
}

size_t prints_match(const uint64_t *slots, size_t capacity, const name_hash_t *hashes, size_t count, uint32_t *out) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t print = kept(hashes[i].print);
        size_t at = print & (capacity - 1);
        while (slots[at] && slots[at] != print) at = (at + 1) & (capacity - 1);
        if (slots[at] && (hashes[i].print | hashes[i].more)) out[n++] = (uint32_t)i;
    }
    return n;
}

void bloom_feed(uint8_t *bits, uint64_t size_bits, unsigned hashes, const name_hash_t *names, size_t count, int add,
                uint8_t *met) {
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = names[i].print, step = names[i].more | 1;
        met[i] = 0;
        if (!(names[i].print | names[i].more)) continue;
        unsigned there = 0;
        for (unsigned k = 0; k < hashes; k++, hash += step) {
            /* Mixed once more: plain double hashing puts some names' bits side by side, too many of them for 1e-9. */
            uint64_t mixed = (hash ^ hash >> 32) * UINT64_C(0x9FB21C651E98DF25);
            uint64_t at = (uint64_t)((unsigned __int128)mixed * size_bits >> 64);
            uint8_t bit = (uint8_t)(1u << (at & 7));
            if (bits[at >> 3] & bit)
                there++;
            else if (add)
                bits[at >> 3] |= bit;
            else
                break;
        }
        met[i] = there == hashes;
    }
}
