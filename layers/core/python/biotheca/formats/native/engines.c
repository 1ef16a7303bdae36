/* The two questions about bytes, three times: AVX2, SSE2, plain C. Nothing is read beyond text[n - 1]. */
#include "fastq.h"

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
#define X86 1
#include <immintrin.h>
#endif

/* 1 for ACGTUNRYKMSWBDHV, either case, and '.'. By columns of 16: 2x, 4x, 5x, 6x, 7x. */
static const uint8_t IS_BASE[256] = {
    [0x2e] = 1,
    [0x41] = 1, [0x42] = 1, [0x43] = 1, [0x44] = 1, [0x47] = 1, [0x48] = 1, [0x4b] = 1, [0x4d] = 1, [0x4e] = 1,
    [0x52] = 1, [0x53] = 1, [0x54] = 1, [0x55] = 1, [0x56] = 1, [0x57] = 1, [0x59] = 1,
    [0x61] = 1, [0x62] = 1, [0x63] = 1, [0x64] = 1, [0x67] = 1, [0x68] = 1, [0x6b] = 1, [0x6d] = 1, [0x6e] = 1,
    [0x72] = 1, [0x73] = 1, [0x74] = 1, [0x75] = 1, [0x76] = 1, [0x77] = 1, [0x79] = 1,
};

static int plain_bases(const uint8_t *text, size_t n) {
    uint8_t all = 1;
    for (size_t i = 0; i < n; i++) all &= IS_BASE[text[i]];
    return all;
}

static size_t plain_printable(const uint8_t *text, size_t n) {
    size_t i = 0;
    while (i < n && (uint8_t)(text[i] - 33) <= 93) i++;
    return i;
}

static const engine_t PLAIN = {"C", plain_bases, plain_printable, &COUNT_PLAIN};

#ifdef X86
static int sse2_bases(const uint8_t *text, size_t n) {
    const __m128i fold = _mm_set1_epi8((char)0xdf);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i upper = _mm_and_si128(_mm_loadu_si128((const __m128i *)(text + i)), fold);
        __m128i usual = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(upper, _mm_set1_epi8('A')), _mm_cmpeq_epi8(upper, _mm_set1_epi8('C'))),
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(upper, _mm_set1_epi8('G')), _mm_cmpeq_epi8(upper, _mm_set1_epi8('T'))),
                         _mm_cmpeq_epi8(upper, _mm_set1_epi8('N'))));
        /* The rarer letters are looked up one by one. */
        if (_mm_movemask_epi8(usual) != 0xffff && !plain_bases(text + i, 16)) return 0;
    }
    return plain_bases(text + i, n - i);
}

static size_t sse2_printable(const uint8_t *text, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i above = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(text + i)), _mm_set1_epi8(33));
        __m128i beyond = _mm_subs_epu8(above, _mm_set1_epi8(93));
        unsigned good = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(beyond, _mm_setzero_si128()));
        if (good != 0xffff) return i + (size_t)__builtin_ctz(~good);
    }
    return i + plain_printable(text + i, n - i);
}

static const engine_t SSE2 = {"SSE2", sse2_bases, sse2_printable, &COUNT_SSE2};

/* A letter is a base if its two halves have a bit in common: 1 for 4x and 6x, 2 for 5x and 7x, 4 for 2x. */
__attribute__((target("avx2"))) static inline __m256i avx2_no_bases(__m256i text) {
    const __m256i low = _mm256_setr_epi8(0, 1, 3, 3, 3, 2, 2, 3, 1, 2, 0, 1, 0, 1, 5, 0,
                                         0, 1, 3, 3, 3, 2, 2, 3, 1, 2, 0, 1, 0, 1, 5, 0);
    const __m256i high = _mm256_setr_epi8(0, 0, 4, 0, 1, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0,
                                          0, 0, 4, 0, 1, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i half = _mm256_set1_epi8(0x0f);
    __m256i by_low = _mm256_shuffle_epi8(low, _mm256_and_si256(text, half));
    __m256i by_high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(text, 4), half));
    return _mm256_cmpeq_epi8(_mm256_and_si256(by_low, by_high), _mm256_setzero_si256());
}

__attribute__((target("avx2"))) static int avx2_bases(const uint8_t *text, size_t n) {
    if (n < 32) return plain_bases(text, n);
    __m256i strange = _mm256_setzero_si256();
    for (size_t i = 0; i + 32 <= n; i += 32)
        strange = _mm256_or_si256(strange, avx2_no_bases(_mm256_loadu_si256((const __m256i *)(text + i))));
    strange = _mm256_or_si256(strange, avx2_no_bases(_mm256_loadu_si256((const __m256i *)(text + n - 32))));
    return _mm256_testz_si256(strange, strange);
}

__attribute__((target("avx2"))) static size_t avx2_printable(const uint8_t *text, size_t n) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i above = _mm256_sub_epi8(_mm256_loadu_si256((const __m256i *)(text + i)), _mm256_set1_epi8(33));
        __m256i beyond = _mm256_subs_epu8(above, _mm256_set1_epi8(93));
        unsigned good = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(beyond, _mm256_setzero_si256()));
        if (good != 0xffffffffu) return i + (size_t)__builtin_ctz(~good);
    }
    return i + sse2_printable(text + i, n - i);
}

static const engine_t AVX2 = {"AVX2", avx2_bases, avx2_printable, &COUNT_AVX2};

const engine_t *const *fastq_engines(void) {
    static const engine_t *const with_avx512[] = {&ENGINE_AVX512, &AVX2, &SSE2, &PLAIN, NULL};
    static const engine_t *const with_avx2[] = {&AVX2, &SSE2, &PLAIN, NULL};
    static const engine_t *const with_sse2[] = {&SSE2, &PLAIN, NULL};
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2")) return with_sse2;
    /* Those with VBMI (Ice Lake and Zen 4 on) do not slow down for wide vectors as the first ones did. */
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") ? with_avx512 : with_avx2;
}
#else
const engine_t *const *fastq_engines(void) {
    static const engine_t *const all[] = {&PLAIN, NULL};
    return all;
}
#endif
