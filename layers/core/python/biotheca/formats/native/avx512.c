/* The questions of fastq.h and counts.h about bytes with AVX-512 (BW, VBMI). Masked loads touch nothing beyond text[n - 1]. */
#include "fastq.h"

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi,popcnt")))

/* 1 for ACGTUNRYKMSWBDHV, either case, and '.': a table of ASCII. */
static const uint8_t IS_BASE[128] = {
    ['.'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['G'] = 1, ['H'] = 1, ['K'] = 1, ['M'] = 1, ['N'] = 1,
    ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['Y'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,
    ['d'] = 1, ['g'] = 1, ['h'] = 1, ['k'] = 1, ['m'] = 1, ['n'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1,
    ['v'] = 1, ['w'] = 1, ['y'] = 1,
};

/* Ones for the bytes that are left of n from `at` on, 64 at most. */
static inline __mmask64 rest_of(size_t n, size_t at) { return n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1; }

#define FOR_CHUNKS(at, mask, n) \
    for (size_t at = 0; at < (n); at += 64) \
        for (__mmask64 mask = rest_of(n, at), once = 1; once; once = 0)

WIDE static int bases(const uint8_t *text, size_t n) {
    const __m512i low = _mm512_loadu_si512(IS_BASE), high = _mm512_loadu_si512(IS_BASE + 64);
    FOR_CHUNKS(at, mask, n) {
        __m512i v = _mm512_maskz_loadu_epi8(mask, text + at);
        __mmask64 base = _mm512_test_epi8_mask(_mm512_permutex2var_epi8(low, v, high), _mm512_set1_epi8(1));
        if ((base & ~_mm512_movepi8_mask(v) & mask) != mask) return 0;
    }
    return 1;
}

WIDE static size_t printable(const uint8_t *text, size_t n) {
    FOR_CHUNKS(at, mask, n) {
        __m512i v = _mm512_sub_epi8(_mm512_maskz_loadu_epi8(mask, text + at), _mm512_set1_epi8(33));
        __mmask64 other = _mm512_mask_cmpgt_epu8_mask(mask, v, _mm512_set1_epi8(93));
        if (other) return at + (size_t)__builtin_ctzll(other);
    }
    return n;
}

WIDE static inline void add_one(uint8_t *to, __mmask64 where, __mmask64 mask) {
    _mm512_mask_storeu_epi8(to, mask, _mm512_sub_epi8(_mm512_maskz_loadu_epi8(mask, to), _mm512_movm_epi8(where)));
}

WIDE static size_t by_place(const uint8_t *text, size_t n, uint8_t (*few)[SINGLE], size_t *strange) {
    size_t gc = 0, other = 0;
    FOR_CHUNKS(at, mask, n) {
        __m512i upper = _mm512_and_si512(_mm512_maskz_loadu_epi8(mask, text + at), _mm512_set1_epi8((char)0xdf));
        __mmask64 a = _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('A'));
        __mmask64 c = _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('C'));
        __mmask64 g = _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('G'));
        __mmask64 t = _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('T'));
        add_one(few[0] + at, a, mask);
        add_one(few[1] + at, c, mask);
        add_one(few[2] + at, g, mask);
        gc += (size_t)__builtin_popcountll(c | g);
        other += (size_t)__builtin_popcountll(mask & ~(a | c | g | t));
    }
    *strange += other;
    return gc;
}

WIDE static void sums(const uint8_t *text, size_t n, uint64_t *sums) {
    FOR_CHUNKS(at, mask, n) {
        __m512i upper = _mm512_and_si512(_mm512_maskz_loadu_epi8(mask, text + at), _mm512_set1_epi8((char)0xdf));
        sums[A] += (uint64_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('A')));
        sums[C] += (uint64_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('C')));
        sums[G] += (uint64_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('G')));
        sums[T] += (uint64_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8('T')));
    }
}

WIDE static uint64_t total(const uint8_t *text, size_t n) {
    __m512i sum = _mm512_setzero_si512();
    FOR_CHUNKS(at, mask, n) {
        __m512i level = _mm512_subs_epu8(_mm512_maskz_loadu_epi8(mask, text + at), _mm512_set1_epi8(33));
        sum = _mm512_add_epi64(sum, _mm512_sad_epu8(_mm512_min_epu8(level, _mm512_set1_epi8(93)), _mm512_setzero_si512()));
    }
    return (uint64_t)_mm512_reduce_add_epi64(sum);
}

WIDE static size_t by_letter(const uint8_t *text, size_t n, const uint8_t *letters, unsigned count, uint8_t (*few)[SINGLE]) {
    size_t left = 0;
    FOR_CHUNKS(at, mask, n) {
        __m512i v = _mm512_maskz_loadu_epi8(mask, text + at);
        __mmask64 met = 0;
        for (unsigned k = 0; k < count; k++) {
            __mmask64 equal = _mm512_mask_cmpeq_epi8_mask(mask, v, _mm512_set1_epi8((char)letters[k]));
            add_one(few[k] + at, equal, mask);
            met |= equal;
        }
        left += (size_t)__builtin_popcountll(mask & ~met);
    }
    return left;
}

const counter_t COUNT_AVX512 = {by_place, sums, total, by_letter, 1};
const engine_t ENGINE_AVX512 = {"AVX-512", bases, printable, &COUNT_AVX512};
#else
typedef int no_avx512; /* a file of C has something in it */
#endif
