/* DEFLATE (RFC 1951) of a stream that lies whole in memory and whose decoded size is known. Tables of 32-bit entries and
   a loop that checks its bounds once for several symbols: the design of libdeflate (E. Biggers), written anew. */
#include "bgzf.h"

#include <stdlib.h>
#include <string.h>

enum {
    LITLEN_BITS = 10, OFFSET_BITS = 8, SIZE_BITS = 7, /* looked up at once; longer codes go on in a table of their own */
    MOST_BITS = 15, LITLENS = 288, OFFSETS = 32, SIZES = 19,
    /* Each table of longer codes holds at least two of them. */
    LITLEN_ENTRIES = (1 << LITLEN_BITS) + (LITLENS / 2 << (MOST_BITS - LITLEN_BITS)),
    OFFSET_ENTRIES = (1 << OFFSET_BITS) + (OFFSETS / 2 << (MOST_BITS - OFFSET_BITS)),
    IN_MARGIN = 32, OUT_MARGIN = 320 /* what one turn of the fast loop may read and write, and more */
};

/* An entry: what it means in its upper half (a letter, or a length or offset without its extra bits, or where the
   further table begins); below it marks; in its second byte the bits of the code, in its first those and the extra bits. */
#define LITERAL 0x80000000u
#define SPECIAL 0x8000u
#define FURTHER 0x4000u
#define END 0x2000u

struct inflater {
    uint32_t litlen[LITLEN_ENTRIES], offset[OFFSET_ENTRIES], size[1 << SIZE_BITS];
    uint32_t litlen_means[LITLENS], offset_means[OFFSETS], size_means[SIZES];
};

inflater_t *inflater_new(void) {
    inflater_t *one = calloc(1, sizeof *one);
    if (!one) return NULL;
    for (unsigned k = 0; k < 256; k++) one->litlen_means[k] = LITERAL | k << 16;
    one->litlen_means[256] = SPECIAL | END;
    for (unsigned k = 0, base = 3; k < 28; k++) {
        unsigned extra = k < 8 ? 0 : (k - 4) / 4;
        one->litlen_means[257 + k] = base << 16 | extra;
        base += 1u << extra;
    }
    one->litlen_means[285] = 258u << 16;
    one->litlen_means[286] = one->litlen_means[287] = SPECIAL;
    for (unsigned k = 0, base = 1; k < 30; k++) {
        unsigned extra = k < 4 ? 0 : (k - 2) / 2;
        one->offset_means[k] = base << 16 | extra;
        base += 1u << extra;
    }
    one->offset_means[30] = one->offset_means[31] = SPECIAL;
    for (unsigned k = 0; k < SIZES; k++) one->size_means[k] = k << 16;
    return one;
}

static unsigned turned(unsigned code, unsigned bits) {
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
    code = (code & 0x00ff) << 8 | code >> 8;
    return code >> (16 - bits);
}

/* Symbols that have a code, in the order of their codes; how many have a code of each length. */
static size_t in_order(const uint8_t *lengths, size_t n, uint16_t *symbols, unsigned *counts) {
    size_t starts[MOST_BITS + 2] = {0};
    for (size_t k = 0; k < n; k++) counts[lengths[k]]++;
    counts[0] = 0;
    for (unsigned b = 1; b <= MOST_BITS; b++) starts[b + 1] = starts[b] + counts[b];
    for (size_t k = 0; k < n; k++)
        if (lengths[k]) symbols[starts[lengths[k]]++] = (uint16_t)k;
    return starts[MOST_BITS];
}

/* The table of a canonical code whose symbols have so many bits each. 1 if that is no code; one that lacks words is
   taken only if it has one word of one bit or none, and `sparse` allows it (as zlib does). */
static int build(uint32_t *table, unsigned bits, const uint8_t *lengths, size_t n, const uint32_t *means, int sparse) {
    unsigned counts[MOST_BITS + 1] = {0}, most = MOST_BITS, code = 0, b = 1;
    uint16_t symbols[LITLENS];
    size_t words = in_order(lengths, n, symbols, counts);
    uint32_t used = 0, end = 1u << bits, mask = end - 1, prefix = UINT32_MAX, start = 0;
    for (unsigned k = 1; k <= MOST_BITS; k++) used += counts[k] << (MOST_BITS - k);
    if (used != 1u << MOST_BITS) {
        if (!sparse || used > 1u << MOST_BITS || words > 1 || words != counts[1]) return 1;
        for (uint32_t at = 0; at < end; at++) table[at] = SPECIAL;
    }
    while (most > 1 && !counts[most]) most--;
    unsigned deeper = most > bits ? most - bits : 0;
    uint32_t filled = 2; /* the entries that are there, for codes of up to b bits; longer ones double them */
    for (size_t k = 0; k < words; k++, code++) {
        while (!counts[b]) {
            code <<= 1;
            if (++b > bits) continue;
            memcpy(table + filled, table, filled * sizeof *table);
            filled *= 2;
        }
        counts[b]--;
        unsigned word = turned(code, b), own = b <= bits ? b : b - bits;
        uint32_t entry = means[symbols[k]] + (own << 8) + own;
        if (b <= bits) {
            table[word] = entry;
            continue;
        }
        for (; filled <= mask; filled *= 2) memcpy(table + filled, table, filled * sizeof *table);
        if ((word & mask) != prefix) {
            prefix = word & mask;
            start = end;
            end += 1u << deeper;
            table[prefix] = start << 16 | SPECIAL | FURTHER | deeper << 8 | bits;
        }
        for (uint32_t at = start + (word >> bits); at < end; at += 1u << own) table[at] = entry;
    }
    for (; filled <= mask; filled *= 2) memcpy(table + filled, table, filled * sizeof *table);
    return 0;
}

static inline uint64_t eight(const uint8_t *text) {
    uint64_t word;
    memcpy(&word, text, 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* What has been read of the input and not yet used: `left` bits of `bits`. Behind the input come zeros, `beyond` bytes. */
typedef struct {
    const uint8_t *at, *most;
    uint64_t bits;
    unsigned left, beyond;
} input_t;

/* Let there be 56 bits. */
static inline void fill(input_t *in) {
    if (in->most - in->at >= 8) {
        in->bits |= eight(in->at) << in->left;
        in->at += (63 - in->left) >> 3;
        in->left |= 56;
        return;
    }
    for (; in->left < 56; in->left += 8) {
        if (in->at < in->most) in->bits |= (uint64_t)*in->at++ << in->left;
        else in->beyond++;
    }
}

static inline unsigned some(input_t *in, unsigned n) {
    unsigned value = (unsigned)(in->bits & ((1u << n) - 1));
    in->bits >>= n;
    in->left -= n;
    return value;
}

static int fixed_codes(inflater_t *one) {
    uint8_t lengths[LITLENS];
    for (size_t k = 0; k < LITLENS; k++) lengths[k] = k < 144 ? 8 : k < 256 ? 9 : k < 280 ? 7 : 8;
    if (build(one->litlen, LITLEN_BITS, lengths, LITLENS, one->litlen_means, 0)) return 1;
    memset(lengths, 5, OFFSETS);
    return build(one->offset, OFFSET_BITS, lengths, OFFSETS, one->offset_means, 0);
}

/* The codes that a block begins with (RFC 1951, 3.2.7). */
static int own_codes(inflater_t *one, input_t *in) {
    static const uint8_t ORDER[SIZES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t sizes[SIZES] = {0}, lengths[LITLENS + OFFSETS + 138];
    fill(in);
    size_t litlens = 257 + some(in, 5), offsets = 1 + some(in, 5), given = 4 + some(in, 4);
    if (litlens > 286 || offsets > 30) return 1;
    for (size_t k = 0; k < given; k++) {
        if (in->left < 3) fill(in);
        sizes[ORDER[k]] = (uint8_t)some(in, 3);
    }
    if (build(one->size, SIZE_BITS, sizes, SIZES, one->size_means, 0)) return 1;
    for (size_t k = 0; k < litlens + offsets;) {
        if (in->left < 14) fill(in);
        uint32_t entry = one->size[in->bits & ((1 << SIZE_BITS) - 1)], symbol = entry >> 16;
        some(in, entry & 15);
        if (symbol < 16) {
            lengths[k++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && k == 0) return 1;
        uint8_t length = symbol == 16 ? lengths[k - 1] : 0;
        size_t times = symbol == 16 ? 3 + some(in, 2) : symbol == 17 ? 3 + some(in, 3) : 11 + some(in, 7);
        memset(lengths + k, length, times);
        k += times;
        if (k > litlens + offsets) return 1;
    }
    if (in->beyond > 8 || !lengths[256]) return 1;
    return build(one->litlen, LITLEN_BITS, lengths, litlens, one->litlen_means, 1) ||
           build(one->offset, OFFSET_BITS, lengths + litlens, offsets, one->offset_means, 1);
}

/* Bytes that are stored as they are: from the next whole byte on. */
static int stored_bytes(input_t *in, uint8_t **out, const uint8_t *out_end) {
    some(in, in->left & 7);
    if (in->left / 8 < in->beyond) return 1;
    in->at -= in->left / 8 - in->beyond;
    in->bits = in->left = in->beyond = 0;
    if (in->most - in->at < 4) return 1;
    size_t n = (size_t)(in->at[0] | in->at[1] << 8), other = (size_t)(in->at[2] | in->at[3] << 8);
    in->at += 4;
    if (n != (other ^ 0xffff) || n > (size_t)(in->most - in->at) || n > (size_t)(out_end - *out)) return 1;
    memcpy(*out, in->at, n);
    in->at += n;
    *out += n;
    return 0;
}

/* Copy what lies `offset` bytes back to out[:length]; writes up to 39 bytes more. */
static inline __attribute__((always_inline)) void copy_back(uint8_t *out, size_t length, size_t offset) {
    const uint8_t *from = out - offset;
    uint8_t *end = out + length;
    if (__builtin_expect(offset >= 8, 1)) {
        for (int k = 0; k < 3; k++, out += 8, from += 8) memcpy(out, from, 8);
        while (out < end) {
            for (int k = 0; k < 2; k++, out += 8, from += 8) memcpy(out, from, 8);
        }
    } else if (offset == 1) {
        const uint64_t eight_times = UINT64_C(0x0101010101010101) * *from;
        do {
            for (int k = 0; k < 4; k++, out += 8) memcpy(out, &eight_times, 8);
        } while (out < end);
    } else {
        do {
            for (int k = 0; k < 2; k++, out += offset, from += offset) {
                uint64_t word;
                memcpy(&word, from, 8);
                memcpy(out, &word, 8);
            }
        } while (out < end);
    }
}

#define LITLEN(bits) litlen[(bits) & ((1 << LITLEN_BITS) - 1)]
#define EXTRA(saved, entry) (((saved) & ((UINT64_C(1) << (uint8_t)(entry)) - 1)) >> (uint8_t)((entry) >> 8))
#define FURTHER_OF(table, entry, bits) (table)[((entry) >> 16 & 0x7fff) + ((bits) & ((1u << ((entry) >> 8 & 15)) - 1))]

/* Symbols as long as nothing must be checked one by one: 1 the block has ended, 0 go on carefully, -1 no such stream. */
static inline __attribute__((always_inline)) int fast(const inflater_t *one, input_t *input, uint8_t *const begin,
                                                      uint8_t **output, const uint8_t *out_end, const uint8_t *in_end) {
    const uint32_t *litlen = one->litlen, *offsets = one->offset;
    const uint8_t *in = input->at;
    uint8_t *out = *output;
    uint64_t bits = input->bits, saved;
    uint32_t left = input->left, entry; /* of `left` only the lowest byte counts */
    int ended = 0;
    if (in >= in_end || out >= out_end) return 0;
#define FILL (bits |= eight(in) << (uint8_t)left, in += 7, in -= left >> 3 & 7, left |= 56)
#define USE (saved = bits, bits >>= (uint8_t)entry, left -= entry)
    FILL;
    entry = LITLEN(bits);
    do {
        USE;
        if (entry & LITERAL) {
            *out++ = (uint8_t)(entry >> 16);
            entry = LITLEN(bits);
            USE;
            if (entry & LITERAL) {
                *out++ = (uint8_t)(entry >> 16);
                entry = LITLEN(bits);
                USE;
                if (entry & LITERAL) {
                    *out++ = (uint8_t)(entry >> 16);
                    entry = LITLEN(bits);
                    FILL;
                    continue;
                }
            }
        }
        /* At least 23 bits are left: 15 for what is further of a length, and 8 for the first look at an offset. */
        if (__builtin_expect(entry & SPECIAL, 0)) {
            if (entry & FURTHER) {
                entry = FURTHER_OF(litlen, entry, bits);
                USE;
            }
            if (entry & LITERAL) {
                *out++ = (uint8_t)(entry >> 16);
                FILL;
                entry = LITLEN(bits);
                continue;
            }
            if (entry & SPECIAL) {
                ended = entry & END ? 1 : -1;
                break;
            }
        }
        size_t length = (entry >> 16) + EXTRA(saved, entry);
        /* Filled so early that the next symbol can be looked up before the next time: nothing waits for memory then. */
        entry = offsets[bits & ((1 << OFFSET_BITS) - 1)];
        if (__builtin_expect(entry & SPECIAL, 0)) {
            if (!(entry & FURTHER)) {
                ended = -1;
                break;
            }
            FILL;
            USE;
            entry = FURTHER_OF(offsets, entry, bits);
            if (entry & SPECIAL) {
                ended = -1;
                break;
            }
        } else if (__builtin_expect((uint8_t)left < OFFSET_BITS + 13 + LITLEN_BITS, 0)) FILL;
        USE;
        size_t offset = (entry >> 16) + EXTRA(saved, entry);
        if (__builtin_expect(offset > (size_t)(out - begin), 0)) {
            ended = -1;
            break;
        }
        entry = LITLEN(bits);
        FILL;
        copy_back(out, length, offset);
        out += length;
    } while (in < in_end && out < out_end);
#undef FILL
#undef USE
    *output = out;
    input->at = in;
    input->bits = bits;
    input->left = (uint8_t)left;
    return ended;
}

/* The same, symbol by symbol. */
static int careful(const inflater_t *one, input_t *in, const uint8_t *begin, uint8_t **output, const uint8_t *out_end) {
    const uint32_t *litlen = one->litlen;
    uint8_t *out = *output;
    for (;;) {
        fill(in);
        if (in->beyond > 8 || out > out_end) return -1;
        uint32_t entry = LITLEN(in->bits);
        if ((entry & SPECIAL) && !(entry & LITERAL) && (entry & FURTHER)) {
            some(in, LITLEN_BITS);
            entry = FURTHER_OF(litlen, entry, in->bits);
        }
        uint64_t saved = in->bits;
        some(in, entry & 31);
        if (entry & LITERAL) {
            if (out == out_end) return -1;
            *out++ = (uint8_t)(entry >> 16);
            continue;
        }
        *output = out;
        if (entry & SPECIAL) return entry & END ? 1 : -1;
        size_t length = (entry >> 16) + EXTRA(saved, entry);
        entry = one->offset[in->bits & ((1 << OFFSET_BITS) - 1)];
        if ((entry & SPECIAL) && (entry & FURTHER)) {
            some(in, OFFSET_BITS);
            entry = FURTHER_OF(one->offset, entry, in->bits);
        }
        if (entry & SPECIAL) return -1;
        saved = in->bits;
        some(in, entry & 31);
        size_t offset = (entry >> 16) + EXTRA(saved, entry);
        if (offset > (size_t)(out - begin) || length > (size_t)(out_end - out)) return -1;
        for (const uint8_t *end = out + length; out < end; out++) *out = out[-(ptrdiff_t)offset];
    }
}

static inline __attribute__((always_inline)) int whole(inflater_t *one, const uint8_t *in, size_t n, size_t in_spare,
                                                       uint8_t *out, size_t size, size_t out_spare) {
    input_t input = {.at = in, .most = in + n + in_spare};
    uint8_t *const begin = out;
    const uint8_t *out_end = out + size, *out_most = out_end + out_spare, *in_end = in + n;
    const uint8_t *in_fast = n + in_spare > IN_MARGIN ? input.most - IN_MARGIN : in;
    const uint8_t *out_fast = size + out_spare > OUT_MARGIN ? out_most - OUT_MARGIN : out;
    if (in_fast > in_end + 8) in_fast = in_end + 8; /* what waits in `bits` has been read, not used */
    if (out_fast > out_end) out_fast = out_end;
    for (int last = 0; !last;) {
        fill(&input);
        if (input.beyond > 8) return 1;
        last = (int)some(&input, 1);
        unsigned kind = some(&input, 2);
        if (kind == 0) {
            if (stored_bytes(&input, &out, out_end)) return 1;
            continue;
        }
        if (kind == 3 || (kind == 1 ? fixed_codes(one) : own_codes(one, &input))) return 1;
        int ended = fast(one, &input, begin, &out, out_fast, in_fast);
        if (!ended) ended = careful(one, &input, begin, &out, out_end);
        if (ended < 0) return 1;
    }
    return out != out_end || input.at + input.beyond - input.left / 8 != in_end;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
__attribute__((target("bmi2"))) static int whole_bmi2(inflater_t *one, const uint8_t *in, size_t n, size_t in_spare,
                                                      uint8_t *out, size_t size, size_t out_spare) {
    return whole(one, in, n, in_spare, out, size, out_spare);
}
#endif

int inflate_whole(inflater_t *one, const uint8_t *in, size_t n, size_t in_spare, uint8_t *out, size_t size,
                  size_t out_spare) {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    if (__builtin_cpu_supports("bmi2")) return whole_bmi2(one, in, n, in_spare, out, size, out_spare);
#endif
    return whole(one, in, n, in_spare, out, size, out_spare);
}
