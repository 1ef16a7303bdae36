/* MD5 (RFC 1321) and SHA-256 (FIPS 180-4) of the same bytes in one pass. Each is a chain in which every step waits for the
   one before; four steps of one between four of the other, the processor works at both at once, and the pair costs little
   more than MD5 alone. So it is where the processor has instructions for SHA-256; elsewhere hashlib is faster, and what is
   here serves those who want the state saved. */
#include "digests.h"

#include <string.h>

/* The first 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
static const uint32_t CUBE_ROOTS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define MD5_F(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
/* The two parts have no bit in common: added one after the other, only the second waits for b. */
#define MD5_G(b, c, d) (((c) & ~(d)) + ((b) & (d)))
#define MD5_H(b, c, d) ((b) ^ ((c) ^ (d)))
#define MD5_I(b, c, d) ((c) ^ ((b) | ~(d)))
#define MD5_STEP(f, a, b, c, d, x, k, s)                \
    do {                                                \
        (a) += word[x] + UINT32_C(k) + MD5_##f(b, c, d); \
        (a) = ((a) << (s) | (a) >> (32 - (s))) + (b);   \
    } while (0)

/* One block after the other, SHA-256 after MD5. */
static inline uint32_t right(uint32_t v, int by) { return v >> by | v << (32 - by); }

static void plain_sha256(uint32_t state[8], const uint8_t *data) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 | (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t low = right(w[i - 15], 7) ^ right(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = right(w[i - 2], 17) ^ right(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t one = s[7] + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + CUBE_ROOTS[i] + w[i];
        uint32_t two = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

static void plain_md5(uint32_t state[4], const uint8_t *data) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], word[16];
    for (int i = 0; i < 16; i++)
        word[i] = (uint32_t)data[4 * i] | (uint32_t)data[4 * i + 1] << 8 | (uint32_t)data[4 * i + 2] << 16 | (uint32_t)data[4 * i + 3] << 24;
    MD5_STEP(F, a, b, c, d, 0, 0xd76aa478, 7);
    MD5_STEP(F, d, a, b, c, 1, 0xe8c7b756, 12);
    MD5_STEP(F, c, d, a, b, 2, 0x242070db, 17);
    MD5_STEP(F, b, c, d, a, 3, 0xc1bdceee, 22);
    MD5_STEP(F, a, b, c, d, 4, 0xf57c0faf, 7);
    MD5_STEP(F, d, a, b, c, 5, 0x4787c62a, 12);
    MD5_STEP(F, c, d, a, b, 6, 0xa8304613, 17);
    MD5_STEP(F, b, c, d, a, 7, 0xfd469501, 22);
    MD5_STEP(F, a, b, c, d, 8, 0x698098d8, 7);
    MD5_STEP(F, d, a, b, c, 9, 0x8b44f7af, 12);
    MD5_STEP(F, c, d, a, b, 10, 0xffff5bb1, 17);
    MD5_STEP(F, b, c, d, a, 11, 0x895cd7be, 22);
    MD5_STEP(F, a, b, c, d, 12, 0x6b901122, 7);
    MD5_STEP(F, d, a, b, c, 13, 0xfd987193, 12);
    MD5_STEP(F, c, d, a, b, 14, 0xa679438e, 17);
    MD5_STEP(F, b, c, d, a, 15, 0x49b40821, 22);
    MD5_STEP(G, a, b, c, d, 1, 0xf61e2562, 5);
    MD5_STEP(G, d, a, b, c, 6, 0xc040b340, 9);
    MD5_STEP(G, c, d, a, b, 11, 0x265e5a51, 14);
    MD5_STEP(G, b, c, d, a, 0, 0xe9b6c7aa, 20);
    MD5_STEP(G, a, b, c, d, 5, 0xd62f105d, 5);
    MD5_STEP(G, d, a, b, c, 10, 0x02441453, 9);
    MD5_STEP(G, c, d, a, b, 15, 0xd8a1e681, 14);
    MD5_STEP(G, b, c, d, a, 4, 0xe7d3fbc8, 20);
    MD5_STEP(G, a, b, c, d, 9, 0x21e1cde6, 5);
    MD5_STEP(G, d, a, b, c, 14, 0xc33707d6, 9);
    MD5_STEP(G, c, d, a, b, 3, 0xf4d50d87, 14);
    MD5_STEP(G, b, c, d, a, 8, 0x455a14ed, 20);
    MD5_STEP(G, a, b, c, d, 13, 0xa9e3e905, 5);
    MD5_STEP(G, d, a, b, c, 2, 0xfcefa3f8, 9);
    MD5_STEP(G, c, d, a, b, 7, 0x676f02d9, 14);
    MD5_STEP(G, b, c, d, a, 12, 0x8d2a4c8a, 20);
    MD5_STEP(H, a, b, c, d, 5, 0xfffa3942, 4);
    MD5_STEP(H, d, a, b, c, 8, 0x8771f681, 11);
    MD5_STEP(H, c, d, a, b, 11, 0x6d9d6122, 16);
    MD5_STEP(H, b, c, d, a, 14, 0xfde5380c, 23);
    MD5_STEP(H, a, b, c, d, 1, 0xa4beea44, 4);
    MD5_STEP(H, d, a, b, c, 4, 0x4bdecfa9, 11);
    MD5_STEP(H, c, d, a, b, 7, 0xf6bb4b60, 16);
    MD5_STEP(H, b, c, d, a, 10, 0xbebfbc70, 23);
    MD5_STEP(H, a, b, c, d, 13, 0x289b7ec6, 4);
    MD5_STEP(H, d, a, b, c, 0, 0xeaa127fa, 11);
    MD5_STEP(H, c, d, a, b, 3, 0xd4ef3085, 16);
    MD5_STEP(H, b, c, d, a, 6, 0x04881d05, 23);
    MD5_STEP(H, a, b, c, d, 9, 0xd9d4d039, 4);
    MD5_STEP(H, d, a, b, c, 12, 0xe6db99e5, 11);
    MD5_STEP(H, c, d, a, b, 15, 0x1fa27cf8, 16);
    MD5_STEP(H, b, c, d, a, 2, 0xc4ac5665, 23);
    MD5_STEP(I, a, b, c, d, 0, 0xf4292244, 6);
    MD5_STEP(I, d, a, b, c, 7, 0x432aff97, 10);
    MD5_STEP(I, c, d, a, b, 14, 0xab9423a7, 15);
    MD5_STEP(I, b, c, d, a, 5, 0xfc93a039, 21);
    MD5_STEP(I, a, b, c, d, 12, 0x655b59c3, 6);
    MD5_STEP(I, d, a, b, c, 3, 0x8f0ccc92, 10);
    MD5_STEP(I, c, d, a, b, 10, 0xffeff47d, 15);
    MD5_STEP(I, b, c, d, a, 1, 0x85845dd1, 21);
    MD5_STEP(I, a, b, c, d, 8, 0x6fa87e4f, 6);
    MD5_STEP(I, d, a, b, c, 15, 0xfe2ce6e0, 10);
    MD5_STEP(I, c, d, a, b, 6, 0xa3014314, 15);
    MD5_STEP(I, b, c, d, a, 13, 0x4e0811a1, 21);
    MD5_STEP(I, a, b, c, d, 4, 0xf7537e82, 6);
    MD5_STEP(I, d, a, b, c, 11, 0xbd3af235, 10);
    MD5_STEP(I, c, d, a, b, 2, 0x2ad7d2bb, 15);
    MD5_STEP(I, b, c, d, a, 9, 0xeb86d391, 21);
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static void plain_blocks(digests_t *digests, const uint8_t *data, size_t count) {
    for (; count; count--, data += 64) {
        plain_md5(digests->md5, data);
        plain_sha256(digests->sha256, data);
    }
}

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
#include <cpuid.h>
#include <immintrin.h>

/* Rounds 4 g to 4 g + 3, and what they prepare of the message for later ones. */
#define SHA_ROUNDS(g)                                                                                                     \
    do {                                                                                                                  \
        __m128i *now = &message[(g) & 3], *next = &message[((g) + 1) & 3], *before = &message[((g) + 3) & 3];             \
        __m128i sum = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i *)(CUBE_ROOTS + 4 * (g))));                      \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);                                                                    \
        if ((g) >= 3 && (g) < 15)                                                                                         \
            *next = _mm_sha256msg2_epu32(_mm_add_epi32(*next, _mm_alignr_epi8(*now, *before, 4)), *now);                  \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));                                           \
        if ((g) >= 1 && (g) < 13) *before = _mm_sha256msg1_epu32(*before, *now);                                          \
    } while (0)

__attribute__((target("sha,sse4.1,ssse3"))) static void fast_blocks(digests_t *digests, const uint8_t *data, size_t count) {
    uint32_t a = digests->md5[0], b = digests->md5[1], c = digests->md5[2], d = digests->md5[3];
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    /* The instructions want the eight numbers as ABEF and CDGH. */
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)digests->sha256), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(digests->sha256 + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0), message[4];
    for (; count; count--, data += 64) {
        const uint32_t before_a = a, before_b = b, before_c = c, before_d = d;
        const __m128i before_abef = abef, before_cdgh = cdgh;
        uint32_t word[16];
        memcpy(word, data, 64);
        for (int k = 0; k < 4; k++) message[k] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * k)), swap);
        /* 0 to 3 */
        MD5_STEP(F, a, b, c, d, 0, 0xd76aa478, 7);
        MD5_STEP(F, d, a, b, c, 1, 0xe8c7b756, 12);
        MD5_STEP(F, c, d, a, b, 2, 0x242070db, 17);
        MD5_STEP(F, b, c, d, a, 3, 0xc1bdceee, 22);
        SHA_ROUNDS(0);
        /* 4 to 7 */
        MD5_STEP(F, a, b, c, d, 4, 0xf57c0faf, 7);
        MD5_STEP(F, d, a, b, c, 5, 0x4787c62a, 12);
        MD5_STEP(F, c, d, a, b, 6, 0xa8304613, 17);
        MD5_STEP(F, b, c, d, a, 7, 0xfd469501, 22);
        SHA_ROUNDS(1);
        /* 8 to 11 */
        MD5_STEP(F, a, b, c, d, 8, 0x698098d8, 7);
        MD5_STEP(F, d, a, b, c, 9, 0x8b44f7af, 12);
        MD5_STEP(F, c, d, a, b, 10, 0xffff5bb1, 17);
        MD5_STEP(F, b, c, d, a, 11, 0x895cd7be, 22);
        SHA_ROUNDS(2);
        /* 12 to 15 */
        MD5_STEP(F, a, b, c, d, 12, 0x6b901122, 7);
        MD5_STEP(F, d, a, b, c, 13, 0xfd987193, 12);
        MD5_STEP(F, c, d, a, b, 14, 0xa679438e, 17);
        MD5_STEP(F, b, c, d, a, 15, 0x49b40821, 22);
        SHA_ROUNDS(3);
        /* 16 to 19 */
        MD5_STEP(G, a, b, c, d, 1, 0xf61e2562, 5);
        MD5_STEP(G, d, a, b, c, 6, 0xc040b340, 9);
        MD5_STEP(G, c, d, a, b, 11, 0x265e5a51, 14);
        MD5_STEP(G, b, c, d, a, 0, 0xe9b6c7aa, 20);
        SHA_ROUNDS(4);
        /* 20 to 23 */
        MD5_STEP(G, a, b, c, d, 5, 0xd62f105d, 5);
        MD5_STEP(G, d, a, b, c, 10, 0x02441453, 9);
        MD5_STEP(G, c, d, a, b, 15, 0xd8a1e681, 14);
        MD5_STEP(G, b, c, d, a, 4, 0xe7d3fbc8, 20);
        SHA_ROUNDS(5);
        /* 24 to 27 */
        MD5_STEP(G, a, b, c, d, 9, 0x21e1cde6, 5);
        MD5_STEP(G, d, a, b, c, 14, 0xc33707d6, 9);
        MD5_STEP(G, c, d, a, b, 3, 0xf4d50d87, 14);
        MD5_STEP(G, b, c, d, a, 8, 0x455a14ed, 20);
        SHA_ROUNDS(6);
        /* 28 to 31 */
        MD5_STEP(G, a, b, c, d, 13, 0xa9e3e905, 5);
        MD5_STEP(G, d, a, b, c, 2, 0xfcefa3f8, 9);
        MD5_STEP(G, c, d, a, b, 7, 0x676f02d9, 14);
        MD5_STEP(G, b, c, d, a, 12, 0x8d2a4c8a, 20);
        SHA_ROUNDS(7);
        /* 32 to 35 */
        MD5_STEP(H, a, b, c, d, 5, 0xfffa3942, 4);
        MD5_STEP(H, d, a, b, c, 8, 0x8771f681, 11);
        MD5_STEP(H, c, d, a, b, 11, 0x6d9d6122, 16);
        MD5_STEP(H, b, c, d, a, 14, 0xfde5380c, 23);
        SHA_ROUNDS(8);
        /* 36 to 39 */
        MD5_STEP(H, a, b, c, d, 1, 0xa4beea44, 4);
        MD5_STEP(H, d, a, b, c, 4, 0x4bdecfa9, 11);
        MD5_STEP(H, c, d, a, b, 7, 0xf6bb4b60, 16);
        MD5_STEP(H, b, c, d, a, 10, 0xbebfbc70, 23);
        SHA_ROUNDS(9);
        /* 40 to 43 */
        MD5_STEP(H, a, b, c, d, 13, 0x289b7ec6, 4);
        MD5_STEP(H, d, a, b, c, 0, 0xeaa127fa, 11);
        MD5_STEP(H, c, d, a, b, 3, 0xd4ef3085, 16);
        MD5_STEP(H, b, c, d, a, 6, 0x04881d05, 23);
        SHA_ROUNDS(10);
        /* 44 to 47 */
        MD5_STEP(H, a, b, c, d, 9, 0xd9d4d039, 4);
        MD5_STEP(H, d, a, b, c, 12, 0xe6db99e5, 11);
        MD5_STEP(H, c, d, a, b, 15, 0x1fa27cf8, 16);
        MD5_STEP(H, b, c, d, a, 2, 0xc4ac5665, 23);
        SHA_ROUNDS(11);
        /* 48 to 51 */
        MD5_STEP(I, a, b, c, d, 0, 0xf4292244, 6);
        MD5_STEP(I, d, a, b, c, 7, 0x432aff97, 10);
        MD5_STEP(I, c, d, a, b, 14, 0xab9423a7, 15);
        MD5_STEP(I, b, c, d, a, 5, 0xfc93a039, 21);
        SHA_ROUNDS(12);
        /* 52 to 55 */
        MD5_STEP(I, a, b, c, d, 12, 0x655b59c3, 6);
        MD5_STEP(I, d, a, b, c, 3, 0x8f0ccc92, 10);
        MD5_STEP(I, c, d, a, b, 10, 0xffeff47d, 15);
        MD5_STEP(I, b, c, d, a, 1, 0x85845dd1, 21);
        SHA_ROUNDS(13);
        /* 56 to 59 */
        MD5_STEP(I, a, b, c, d, 8, 0x6fa87e4f, 6);
        MD5_STEP(I, d, a, b, c, 15, 0xfe2ce6e0, 10);
        MD5_STEP(I, c, d, a, b, 6, 0xa3014314, 15);
        MD5_STEP(I, b, c, d, a, 13, 0x4e0811a1, 21);
        SHA_ROUNDS(14);
        /* 60 to 63 */
        MD5_STEP(I, a, b, c, d, 4, 0xf7537e82, 6);
        MD5_STEP(I, d, a, b, c, 11, 0xbd3af235, 10);
        MD5_STEP(I, c, d, a, b, 2, 0x2ad7d2bb, 15);
        MD5_STEP(I, b, c, d, a, 9, 0xeb86d391, 21);
        SHA_ROUNDS(15);
        a += before_a;
        b += before_b;
        c += before_c;
        d += before_d;
        abef = _mm_add_epi32(abef, before_abef);
        cdgh = _mm_add_epi32(cdgh, before_cdgh);
    }
    digests->md5[0] = a;
    digests->md5[1] = b;
    digests->md5[2] = c;
    digests->md5[3] = d;
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)digests->sha256, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(digests->sha256 + 4), _mm_alignr_epi8(high, low, 8));
}

int digests_are_fast(void) {
    unsigned leaf = 0, features = 0, other = 0, last = 0;
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("ssse3") || !__builtin_cpu_supports("sse4.1")) return 0;
    /* Older compilers have no name for it: leaf 7, EBX bit 29. */
    if (!__get_cpuid_count(7, 0, &leaf, &features, &other, &last)) return 0;
    return features >> 29 & 1;
}
#else
#define fast_blocks plain_blocks

int digests_are_fast(void) { return 0; }
#endif

static void blocks(digests_t *digests, const uint8_t *data, size_t count) {
    (digests->fast ? fast_blocks : plain_blocks)(digests, data, count);
}

void digests_begin(digests_t *digests, int fast) {
    static const digests_t START = {
        {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476},
        {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
        0,
        {0},
        0,
    };
    *digests = START;
    digests->fast = fast && digests_are_fast();
}

void digests_update(digests_t *digests, const uint8_t *data, size_t n) {
    size_t held = (size_t)(digests->length & 63);
    digests->length += n;
    if (held) {
        size_t more = n < 64 - held ? n : 64 - held;
        memcpy(digests->block + held, data, more);
        if (held + more < 64) return;
        blocks(digests, digests->block, 1);
        data += more;
        n -= more;
    }
    blocks(digests, data, n / 64);
    if (n & 63) memcpy(digests->block, data + (n & ~(size_t)63), n & 63);
}

static void write_numbers(uint8_t *out, const uint32_t *numbers, size_t count, int big_end_first) {
    for (size_t i = 0; i < 4 * count; i++) out[i] = (uint8_t)(numbers[i / 4] >> (big_end_first ? 24 - 8 * (i & 3) : 8 * (i & 3)));
}

static void read_numbers(const uint8_t *in, uint32_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++)
        numbers[i] = (uint32_t)in[4 * i] | (uint32_t)in[4 * i + 1] << 8 | (uint32_t)in[4 * i + 2] << 16 | (uint32_t)in[4 * i + 3] << 24;
}

/* Both are padded alike, but for the order of the bytes of the length in bits. So each takes its own last blocks. */
void digests_end(const digests_t *digests, uint8_t md5[16], uint8_t sha256[32]) {
    uint8_t last[128] = {0};
    size_t held = (size_t)(digests->length & 63), count = held < 56 ? 1 : 2;
    memcpy(last, digests->block, held);
    last[held] = 0x80;
    for (int big_end_first = 0; big_end_first < 2; big_end_first++) {
        digests_t copy = *digests;
        for (int i = 0; i < 8; i++)
            last[64 * count - 8 + (size_t)i] = (uint8_t)(digests->length * 8 >> (big_end_first ? 56 - 8 * i : 8 * i));
        blocks(&copy, last, count);
        if (big_end_first)
            write_numbers(sha256, copy.sha256, 8, 1);
        else
            write_numbers(md5, copy.md5, 4, 0);
    }
}

void digests_save(const digests_t *digests, uint8_t out[DIGESTS_SAVED]) {
    out[0] = DIGESTS_VERSION;
    write_numbers(out + 1, digests->md5, 4, 0);
    write_numbers(out + 17, digests->sha256, 8, 0);
    const uint32_t length[2] = {(uint32_t)digests->length, (uint32_t)(digests->length >> 32)};
    write_numbers(out + 49, length, 2, 0);
    memcpy(out + 57, digests->block, 64);
}

int digests_load(digests_t *digests, int fast, const uint8_t *saved, size_t n) {
    uint32_t length[2];
    digests->fast = fast && digests_are_fast();
    if (n != DIGESTS_SAVED || saved[0] != DIGESTS_VERSION) return -1;
    read_numbers(saved + 1, digests->md5, 4);
    read_numbers(saved + 17, digests->sha256, 8);
    read_numbers(saved + 49, length, 2);
    digests->length = length[0] | (uint64_t)length[1] << 32;
    memcpy(digests->block, saved + 57, 64);
    return 0;
}
