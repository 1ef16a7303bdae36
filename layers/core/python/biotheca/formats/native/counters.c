/* The questions of counts.h about letters, three times: AVX2, SSE2, plain C (AVX-512: avx512.c). Nothing is read beyond text[n - 1]. */
#include "counts.h"

#include <string.h>

static size_t plain_by_place(const uint8_t *text, size_t n, uint8_t (*few)[SINGLE], size_t *strange) {
    size_t gc = 0, other = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t letter = text[i] & 0xdf;
        uint8_t a = letter == 'A', c = letter == 'C', g = letter == 'G';
        few[0][i] += a;
        few[1][i] += c;
        few[2][i] += g;
        gc += (size_t)c + g;
        other += !(a | c | g | (letter == 'T'));
    }
    *strange += other;
    return gc;
}

static void plain_sums(const uint8_t *text, size_t n, uint64_t *sums) {
    for (size_t i = 0; i < n; i++) {
        uint8_t letter = text[i] & 0xdf;
        sums[A] += letter == 'A';
        sums[C] += letter == 'C';
        sums[G] += letter == 'G';
        sums[T] += letter == 'T';
    }
}

static uint64_t plain_total(const uint8_t *text, size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned level = text[i] < 33 ? 0 : text[i] - 33u;
        sum += level > 93 ? 93 : level;
    }
    return sum;
}

const counter_t COUNT_PLAIN = {plain_by_place, plain_sums, plain_total, NULL, 0};

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
#include <immintrin.h>

/* The last 32 of it, loaded at 32 - k, are ones at the last k places: what was not yet counted. */
static const uint8_t LAST[64] = {
    [32] = 0xff, [33] = 0xff, [34] = 0xff, [35] = 0xff, [36] = 0xff, [37] = 0xff, [38] = 0xff, [39] = 0xff,
    [40] = 0xff, [41] = 0xff, [42] = 0xff, [43] = 0xff, [44] = 0xff, [45] = 0xff, [46] = 0xff, [47] = 0xff,
    [48] = 0xff, [49] = 0xff, [50] = 0xff, [51] = 0xff, [52] = 0xff, [53] = 0xff, [54] = 0xff, [55] = 0xff,
    [56] = 0xff, [57] = 0xff, [58] = 0xff, [59] = 0xff, [60] = 0xff, [61] = 0xff, [62] = 0xff, [63] = 0xff,
};

/* VECTOR letters at a place that begins `at`; those that `mask` hides are left out. */
#define COUNT_CHUNK(V, LOAD, STORE, AND, ANDNOT, OR, SUB, EQUAL, SET, MASK, at, mask)                             \
    do {                                                                                                                 \
        V upper = AND(LOAD((const V *)(text + (at))), SET((char)0xdf));                                                  \
        V a = AND(EQUAL(upper, SET('A')), mask), c = AND(EQUAL(upper, SET('C')), mask);                                  \
        V g = AND(EQUAL(upper, SET('G')), mask), t = EQUAL(upper, SET('T'));                                             \
        STORE((V *)(few[0] + (at)), SUB(LOAD((const V *)(few[0] + (at))), a));                                           \
        STORE((V *)(few[1] + (at)), SUB(LOAD((const V *)(few[1] + (at))), c));                                           \
        STORE((V *)(few[2] + (at)), SUB(LOAD((const V *)(few[2] + (at))), g));                                           \
        gc += (size_t)__builtin_popcount((unsigned)MASK(OR(c, g)));                                                      \
        unsigned others = (unsigned)MASK(ANDNOT(OR(OR(a, c), OR(g, t)), mask));                                          \
        if (others) other += (size_t)__builtin_popcount(others);                                                         \
    } while (0)

#define SSE2_CHUNK(at, mask)                                                                                             \
    COUNT_CHUNK(__m128i, _mm_loadu_si128, _mm_storeu_si128, _mm_and_si128, _mm_andnot_si128, _mm_or_si128, _mm_sub_epi8, \
                _mm_cmpeq_epi8, _mm_set1_epi8, _mm_movemask_epi8, at, mask)
#define AVX2_CHUNK(at, mask)                                                                                             \
    COUNT_CHUNK(__m256i, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_and_si256, _mm256_andnot_si256,                 \
                _mm256_or_si256, _mm256_sub_epi8, _mm256_cmpeq_epi8, _mm256_set1_epi8, _mm256_movemask_epi8, at, mask)

static size_t sse2_by_place(const uint8_t *text, size_t n, uint8_t (*few)[SINGLE], size_t *strange) {
    if (n < 16) return plain_by_place(text, n, few, strange);
    size_t gc = 0, other = 0, i = 0;
    const __m128i all = _mm_set1_epi8((char)0xff);
    for (; i + 16 <= n; i += 16) SSE2_CHUNK(i, all);
    if (i < n) {
        const __m128i mask = _mm_loadu_si128((const __m128i *)(LAST + 32 - 16 + (n - i)));
        SSE2_CHUNK(n - 16, mask);
    }
    *strange += other;
    return gc;
}

static void sse2_sums(const uint8_t *text, size_t n, uint64_t *sums) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i upper = _mm_and_si128(_mm_loadu_si128((const __m128i *)(text + i)), _mm_set1_epi8((char)0xdf));
        sums[A] += (uint64_t)__builtin_popcount((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(upper, _mm_set1_epi8('A'))));
        sums[C] += (uint64_t)__builtin_popcount((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(upper, _mm_set1_epi8('C'))));
        sums[G] += (uint64_t)__builtin_popcount((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(upper, _mm_set1_epi8('G'))));
        sums[T] += (uint64_t)__builtin_popcount((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(upper, _mm_set1_epi8('T'))));
    }
    plain_sums(text + i, n - i, sums);
}

static uint64_t sse2_total(const uint8_t *text, size_t n) {
    __m128i sum = _mm_setzero_si128();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i level = _mm_subs_epu8(_mm_loadu_si128((const __m128i *)(text + i)), _mm_set1_epi8(33));
        level = _mm_min_epu8(level, _mm_set1_epi8(93));
        sum = _mm_add_epi64(sum, _mm_sad_epu8(level, _mm_setzero_si128()));
    }
    uint64_t halves[2];
    memcpy(halves, &sum, sizeof halves);
    return halves[0] + halves[1] + plain_total(text + i, n - i);
}

const counter_t COUNT_SSE2 = {sse2_by_place, sse2_sums, sse2_total, NULL, 0};

__attribute__((target("avx2,popcnt"))) static size_t avx2_by_place(const uint8_t *text, size_t n, uint8_t (*few)[SINGLE],
                                                                   size_t *strange) {
    if (n < 32) return sse2_by_place(text, n, few, strange);
    size_t gc = 0, other = 0, i = 0;
    const __m256i all = _mm256_set1_epi8((char)0xff);
    for (; i + 32 <= n; i += 32) AVX2_CHUNK(i, all);
    if (i < n) {
        const __m256i mask = _mm256_loadu_si256((const __m256i *)(LAST + (n - i)));
        AVX2_CHUNK(n - 32, mask);
    }
    *strange += other;
    return gc;
}

__attribute__((target("avx2,popcnt"))) static void avx2_sums(const uint8_t *text, size_t n, uint64_t *sums) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i upper = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(text + i)), _mm256_set1_epi8((char)0xdf));
        sums[A] += (uint64_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(upper, _mm256_set1_epi8('A'))));
        sums[C] += (uint64_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(upper, _mm256_set1_epi8('C'))));
        sums[G] += (uint64_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(upper, _mm256_set1_epi8('G'))));
        sums[T] += (uint64_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(upper, _mm256_set1_epi8('T'))));
    }
    plain_sums(text + i, n - i, sums);
}

__attribute__((target("avx2"))) static uint64_t avx2_total(const uint8_t *text, size_t n) {
    __m256i sum = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i level = _mm256_subs_epu8(_mm256_loadu_si256((const __m256i *)(text + i)), _mm256_set1_epi8(33));
        level = _mm256_min_epu8(level, _mm256_set1_epi8(93));
        sum = _mm256_add_epi64(sum, _mm256_sad_epu8(level, _mm256_setzero_si256()));
    }
    uint64_t parts[4];
    memcpy(parts, &sum, sizeof parts);
    return parts[0] + parts[1] + parts[2] + parts[3] + sse2_total(text + i, n - i);
}

/* Places that are counted twice by the overlapping last vector are hidden by `mask` there. */
#define LETTER_CHUNK(at, mask)                                                                                           \
    do {                                                                                                                 \
        __m256i v = _mm256_loadu_si256((const __m256i *)(text + (at))), met = _mm256_setzero_si256();                    \
        for (unsigned k = 0; k < count; k++) {                                                                           \
            __m256i *to = (__m256i *)(few[k] + (at));                                                                    \
            __m256i equal = _mm256_and_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8((char)letters[k])), mask);            \
            _mm256_storeu_si256(to, _mm256_sub_epi8(_mm256_loadu_si256(to), equal));                                     \
            met = _mm256_or_si256(met, equal);                                                                           \
        }                                                                                                                \
        left += (size_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(_mm256_andnot_si256(met, mask)));              \
    } while (0)

__attribute__((target("avx2,popcnt"))) static size_t avx2_by_letter(const uint8_t *text, size_t n, const uint8_t *letters,
                                                                    unsigned count, uint8_t (*few)[SINGLE]) {
    size_t left = 0, i = 0;
    const __m256i all = _mm256_set1_epi8((char)0xff);
    for (; i + 32 <= n; i += 32) LETTER_CHUNK(i, all);
    if (i < n) {
        const __m256i mask = _mm256_loadu_si256((const __m256i *)(LAST + (n - i)));
        LETTER_CHUNK(n - 32, mask);
    }
    return left;
}

const counter_t COUNT_AVX2 = {avx2_by_place, avx2_sums, avx2_total, avx2_by_letter, 32};
#endif
