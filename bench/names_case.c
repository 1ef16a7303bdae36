/* Header lines without '@' for the bench of names: 51 characters each, of which 38 are the name. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PREFIX = 20, SIZE = 51 };

static void digits(char *to, int n, uint64_t value) {
    for (int i = n - 1; i >= 0; i--, value /= 10) to[i] = (char)('0' + value % 10);
}

/* In the order of an instrument: tile, row, place in the row; 2.7 million reads a tile. */
void in_order(uint64_t start, size_t count, char *out) {
    for (size_t i = 0; i < count; i++, out += SIZE) {
        uint64_t n = start + i, tile = n / 2700000, at = n % 2700000;
        memcpy(out, "A00123:45:HXYZKDSX2:1:0000:00000:00000 1:N:0:ATCACG ", SIZE);
        digits(out + 22, 4, 1101 + tile);
        digits(out + 27, 5, 10000 + at % 90 * 330);
        digits(out + 33, 5, 10000 + at / 90);
    }
}

/* In no order, all different: the finaliser of splitmix64 permutes the numbers. */
void in_no_order(uint64_t start, size_t count, char *out) {
    for (size_t i = 0; i < count; i++, out += SIZE) {
        uint64_t z = (start + i + 1) * UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        z ^= z >> 31;
        memcpy(out, "A00123:45:HXYZKDSX2:1:0000000000000000 1:N:0:ATCACG ", SIZE);
        for (int k = 22; k < 38; k++, z >>= 4) out[k] = "0123456789abcdef"[z & 15];
    }
}
