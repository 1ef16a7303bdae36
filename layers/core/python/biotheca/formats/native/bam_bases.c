/* Bases and qualities of a BAM record as FASTQ writes them. Twin: Record.sequence in biotheca/formats/bam_records.py. */
#include "bam.h"

#include <string.h>

/* Letters of the 16 codes; '=' has no letter of its own. The other strand's code is the same with its bits turned round. */
static const char LETTERS[17] = "NACMGRSVTWYHKDBN";
static const char OTHERS[17] = "NTGKCYSBAWRDMHVN";

void bam_bases_plain(uint8_t *to, const uint8_t *packed, size_t n, int reversed) {
    if (reversed) {
        for (size_t i = 0; i < n; i++) to[n - 1 - i] = (uint8_t)OTHERS[packed[i / 2] >> (i % 2 ? 0 : 4) & 15];
        return;
    }
    for (size_t i = 0; i < n; i++) to[i] = (uint8_t)LETTERS[packed[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

void bam_qualities(uint8_t *to, const uint8_t *quality, size_t n, int reversed, int absent) {
    if (absent) memset(to, '!', n);
    else if (reversed) for (size_t i = 0; i < n; i++) to[i] = (uint8_t)(quality[n - 1 - i] + 33);
    else for (size_t i = 0; i < n; i++) to[i] = (uint8_t)(quality[i] + 33);
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>

/* 16 bytes give 32 letters. What is left over of them, and is shorter, goes the plain way. */
__attribute__((target("ssse3"))) static void by_shuffles(uint8_t *to, const uint8_t *packed, size_t n, int reversed) {
    const __m128i letters = _mm_loadu_si128((const __m128i *)(reversed ? OTHERS : LETTERS)), low = _mm_set1_epi8(15);
    const __m128i round = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t at = 0;
    for (; at + 32 <= n; at += 32) {
        __m128i codes = _mm_loadu_si128((const __m128i *)(packed + at / 2));
        __m128i even = _mm_shuffle_epi8(letters, _mm_and_si128(_mm_srli_epi16(codes, 4), low));
        __m128i odd = _mm_shuffle_epi8(letters, _mm_and_si128(codes, low));
        __m128i first = _mm_unpacklo_epi8(even, odd), second = _mm_unpackhi_epi8(even, odd);
        uint8_t *p = reversed ? to + n - at - 32 : to + at;
        if (reversed) {
            __m128i other = _mm_shuffle_epi8(first, round);
            first = _mm_shuffle_epi8(second, round);
            second = other;
        }
        _mm_storeu_si128((__m128i *)p, first);
        _mm_storeu_si128((__m128i *)(p + 16), second);
    }
    bam_bases_plain(reversed ? to : to + at, packed + at / 2, n - at, reversed);
}

void bam_bases(uint8_t *to, const uint8_t *packed, size_t n, int reversed) {
    (__builtin_cpu_supports("ssse3") ? by_shuffles : bam_bases_plain)(to, packed, n, reversed);
}
#else
void bam_bases(uint8_t *to, const uint8_t *packed, size_t n, int reversed) { bam_bases_plain(to, packed, n, reversed); }
#endif
