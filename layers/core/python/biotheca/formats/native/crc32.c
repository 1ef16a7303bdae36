/* CRC-32 (ISO 3309; reflected polynomial 0xedb88320): eight tables, or carry-less products (Gopal et al., Fast CRC
   Computation Using PCLMULQDQ, Intel 2009) where the processor has them. */
#include "bgzf.h"

#include <string.h>

static uint32_t TABLES[8][256];

void crc32_prepare(void) {
    for (uint32_t k = 0; k < 256; k++) {
        uint32_t value = k;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
        TABLES[0][k] = value;
    }
    for (unsigned k = 0; k < 256; k++)
        for (unsigned t = 1; t < 8; t++) TABLES[t][k] = TABLES[t - 1][k] >> 8 ^ TABLES[0][TABLES[t - 1][k] & 255];
}

/* Of the register, which begins and ends inverted. */
static uint32_t by_tables(uint32_t crc, const uint8_t *text, size_t n) {
    for (; n >= 8; text += 8, n -= 8) {
        crc ^= (uint32_t)text[0] | (uint32_t)text[1] << 8 | (uint32_t)text[2] << 16 | (uint32_t)text[3] << 24;
        crc = TABLES[7][crc & 255] ^ TABLES[6][crc >> 8 & 255] ^ TABLES[5][crc >> 16 & 255] ^ TABLES[4][crc >> 24] ^
              TABLES[3][text[4]] ^ TABLES[2][text[5]] ^ TABLES[1][text[6]] ^ TABLES[0][text[7]];
    }
    for (; n; text++, n--) crc = crc >> 8 ^ TABLES[0][(crc ^ *text) & 255];
    return crc;
}

uint32_t crc32_plain(const uint8_t *text, size_t n) { return ~by_tables(~0u, text, n); }

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>

/* text[:n], n a multiple of 16 and at least 64. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t by_products(uint32_t crc, const uint8_t *text, size_t n) {
    const __m128i by_four = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4), by_one = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    const __m128i to_64 = _mm_set_epi64x(0, 0x0163cd6124), barrett = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
    __m128i x[4];
    for (int k = 0; k < 4; k++) x[k] = _mm_loadu_si128((const __m128i *)text + k);
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)crc));
#define FOLD(value, by, next)                                                                                            \
    _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(value, by, 0x00), _mm_clmulepi64_si128(value, by, 0x11)), next)
    for (text += 64, n -= 64; n >= 64; text += 64, n -= 64)
        for (int k = 0; k < 4; k++) x[k] = FOLD(x[k], by_four, _mm_loadu_si128((const __m128i *)text + k));
    __m128i all = FOLD(x[0], by_one, x[1]);
    all = FOLD(all, by_one, x[2]);
    all = FOLD(all, by_one, x[3]);
    for (; n >= 16; text += 16, n -= 16) all = FOLD(all, by_one, _mm_loadu_si128((const __m128i *)text));
#undef FOLD
    all = _mm_xor_si128(_mm_srli_si128(all, 8), _mm_clmulepi64_si128(all, by_one, 0x10));
    all = _mm_xor_si128(_mm_srli_si128(all, 4), _mm_clmulepi64_si128(_mm_and_si128(all, low), to_64, 0x00));
    __m128i rest = _mm_clmulepi64_si128(_mm_and_si128(all, low), barrett, 0x10);
    rest = _mm_clmulepi64_si128(_mm_and_si128(rest, low), barrett, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(all, rest), 1);
}

uint32_t crc32_of(const uint8_t *text, size_t n) {
    uint32_t crc = ~0u;
    size_t most = n & ~(size_t)15;
    if (n >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
        crc = by_products(crc, text, most);
        return ~by_tables(crc, text + most, n - most);
    }
    return ~by_tables(crc, text, n);
}
#else
uint32_t crc32_of(const uint8_t *text, size_t n) { return crc32_plain(text, n); }
#endif
