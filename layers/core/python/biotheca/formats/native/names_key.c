/* From a header line to the name that must be unique, its hash, and the numbers in it. Twin: names_twin.py. */
#include <string.h>

#include "names.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline uint64_t load64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline int is_blank(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }
static inline int is_digit(uint8_t c) { return (uint8_t)(c - '0') <= 9; }

/* The first blank, else n. Many bytes at once: those below 33 are few. */
static size_t to_blank(const uint8_t *text, size_t n) {
    size_t i = 0;
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(' ');
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(text + i));
        for (unsigned low = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, space), v)); low; low &= low - 1) {
            size_t at = i + (size_t)__builtin_ctz(low);
            if (is_blank(text[at])) return at;
        }
    }
#endif
    for (; i + 8 <= n; i += 8) {
        uint64_t v = load64(text + i);
        uint64_t low = (v - UINT64_C(0x2121212121212121)) & ~v & UINT64_C(0x8080808080808080);
        for (; low; low &= low - 1) {
            size_t at = i + (size_t)(__builtin_ctzll(low) >> 3);
            if (is_blank(text[at])) return at;
        }
    }
    while (i < n && !is_blank(text[i])) i++;
    return i;
}

read_name_t names_of_header(const uint8_t *header, size_t n) { return names_until(header, to_blank(header, n), n); }

read_name_t names_until(const uint8_t *header, size_t end, size_t n) {
    read_name_t name = {header, end, 0};
    if (end > 2 && header[end - 2] == '/' && (header[end - 1] == '1' || header[end - 1] == '2')) {
        name.n = end - 2;
        name.read = header[end - 1] - '0';
        return name;
    }
    size_t at = end;
    while (at < n && is_blank(header[at])) at++;
    /* Casava 1.8: read number, whether filtered, ... */
    if (end && at + 3 < n && header[at] >= '1' && header[at] <= '9' && header[at + 1] == ':' &&
        (header[at + 2] == 'N' || header[at + 2] == 'Y') && header[at + 3] == ':')
        name.read = header[at] - '0';
    return name;
}

int64_t names_lines(const uint8_t *text, size_t text_n, const span_t *spans, size_t count, uint8_t *out) {
    uint8_t *to = out;
    for (size_t i = 0; i < count; i++) {
        span_t span = spans[i];
        if ((uint64_t)span.header + span.header_length > text_n) return -2;
        const uint8_t *header = text + span.header;
        size_t end = to_blank(header, span.header_length), at = end;
        memcpy(to, header, end);
        to += end;
        while (at < span.header_length && is_blank(header[at])) at++;
        if (end && at + 3 < span.header_length && header[at + 1] == ':') {
            *to++ = ' ';
            memcpy(to, header + at, 4);
            to += 4;
        }
        *to++ = '\n';
    }
    return to - out;
}

static inline uint64_t rotl(uint64_t v, int by) { return v << by | v >> (64 - by); }

static inline uint64_t mixed(uint64_t k) {
    k ^= k >> 33;
    k *= UINT64_C(0xff51afd7ed558ccd);
    k ^= k >> 33;
    k *= UINT64_C(0xc4ceb9fe1a85ec53);
    return k ^ k >> 33;
}

void murmur128(const uint8_t *text, size_t n, uint64_t out[2]) {
    const uint64_t c1 = UINT64_C(0x87c37b91114253d5), c2 = UINT64_C(0x4cf5ad432745937f);
    uint64_t h1 = 0, h2 = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        h1 ^= rotl(load64(text + i) * c1, 31) * c2;
        h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= rotl(load64(text + i + 8) * c2, 33) * c1;
        h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    if (i < n) {
        unsigned __int128 tail = 0;
        if (n >= 16) { /* the last 16 bytes, without those that were taken */
            tail = (unsigned __int128)load64(text + n - 8) << 64 | load64(text + n - 16);
            tail >>= 8 * (16 - (n - i));
        } else {
            for (size_t k = n; k-- > i;) tail = tail << 8 | text[k];
        }
        h2 ^= rotl((uint64_t)(tail >> 64) * c2, 33) * c1;
        h1 ^= rotl((uint64_t)tail * c1, 31) * c2;
    }
    h1 ^= n;
    h2 ^= n;
    h1 += h2;
    h2 += h1;
    h1 = mixed(h1);
    h2 = mixed(h2);
    h1 += h2;
    out[0] = h1;
    out[1] = h2 + h1;
}

/* How many digits stand at text[at:n], and their value; 0 if none or more than 18. */
static size_t decimal(const uint8_t *text, size_t at, size_t n, uint64_t *value) {
    size_t i = at;
    uint64_t v = 0;
    for (; i < n && is_digit(text[i]); i++) {
        if (i - at == 18) return 0;
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    *value = v;
    return i - at;
}

static int canonical(const uint8_t *text, size_t at, size_t digits) { return digits && (digits == 1 || text[at] != '0'); }

#define MAX_PAIR (UINT64_C(1) << 30)

/* Two canonical numbers with one character between them, from `at` on; where they end, else 0. */
static size_t pair_at(const uint8_t *name, size_t at, size_t n, place_t *place) {
    size_t digits = decimal(name, at, n, &place->a);
    if (!canonical(name, at, digits) || place->a >= MAX_PAIR) return 0;
    size_t second = at + digits + 1;
    if (second >= n) return 0;
    digits = decimal(name, second, n, &place->b);
    if (!canonical(name, second, digits) || place->b >= MAX_PAIR) return 0;
    return second + digits;
}

/* The rule looks at the name alone, so that equal names are at equal places whatever stood before them. */
place_t names_place(const uint8_t *name, size_t n) {
    place_t none = {0}, place = {0};
    if (n > 1000) return none;
    size_t colons = 0, third = 0, fifth = 0, slash = n, dot = n;
    for (size_t i = 0; i < n; i++) {
        if (name[i] == ':') {
            colons++;
            if (colons == 3) third = i;
            if (colons == 5) fifth = i;
        } else if (name[i] == '/' && slash == n) {
            slash = i;
        } else if (name[i] == '.' && dot == n && i + 1 < n && is_digit(name[i + 1])) {
            dot = i;
        }
    }
    if (colons >= 4) { /* ...:tile:x:y, of seven fields or (before Casava 1.8) of five */
        place.prefix = (colons >= 6 ? fifth : third) + 1;
        size_t digits = decimal(name, place.prefix, n, &place.a);
        if (place.prefix + digits >= n || name[place.prefix + digits] != ':' || !pair_at(name, place.prefix, n, &place))
            return none;
        place.form = PLACE_TILE;
        return place;
    }
    size_t at = slash < n ? slash + 1 : dot < n ? dot + 1 : n; /* PacBio's movie/hole, SRA's run.spot */
    if (at == n)
        while (at && is_digit(name[at - 1])) at--; /* a counter at the end, as MGI's */
    place.prefix = at;
    if (at < n && slash < n && pair_at(name, at, n, &place)) {
        place.form = PLACE_TWO;
        return place;
    }
    size_t digits = decimal(name, at, n, &place.a);
    if (!digits) return none;
    place.b = 0;
    place.form = PLACE_ONE;
    place.pad = canonical(name, at, digits) ? 0 : (unsigned)digits; /* leading zeros: only names as wide are alike */
    return place;
}
