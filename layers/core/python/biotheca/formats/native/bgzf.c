/* Blocks of BGZF: their frame. What is inside: inflate.c. */
#include "bgzf.h"

#include <stdlib.h>
#include <string.h>

static inline uint32_t u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Bytes of the block that begins here; 0 if none begins, or it is not whole. */
static size_t block_size(const uint8_t *text, size_t n) {
    static const uint8_t MAGIC[4] = {0x1f, 0x8b, 8, 4}, EXTRA[6] = {6, 0, 'B', 'C', 2, 0};
    if (n < BGZF_HEAD || memcmp(text, MAGIC, sizeof MAGIC) != 0 || memcmp(text + 10, EXTRA, sizeof EXTRA) != 0) return 0;
    size_t size = (size_t)(text[16] | text[17] << 8) + 1;
    return size <= n && size >= BGZF_HEAD + BGZF_TRAILER ? size : 0;
}

bgzf_blocks_t bgzf_blocks(const uint8_t *stored, size_t n, uint64_t most) {
    bgzf_blocks_t all = {0};
    for (size_t size; (size = block_size(stored + all.end, n - all.end)) != 0;) {
        uint32_t decoded = u32(stored + all.end + size - 4);
        if (decoded > BGZF_MOST || all.decoded + decoded > most) break;
        all.end += size;
        all.decoded += decoded;
        all.last = decoded;
        all.blocks++;
    }
    return all;
}

int bgzf_unpack(const uint8_t *stored, size_t n, uint8_t *out, size_t decoded) {
    inflater_t *inflater = inflater_new();
    if (!inflater) return -1;
    size_t at = 0, done = 0;
    int wrong = 0;
    while (!wrong && at < n) {
        size_t size = block_size(stored + at, n - at);
        const uint8_t *trailer = stored + at + size - BGZF_TRAILER;
        wrong = !size || u32(trailer + 4) > decoded - done;
        if (wrong) break;
        size_t length = u32(trailer + 4), end = at + size - BGZF_TRAILER;
        wrong = inflate_whole(inflater, stored + at + BGZF_HEAD, end - at - BGZF_HEAD, n - end, out + done, length,
                              decoded - done - length) ||
                crc32_of(out + done, length) != u32(trailer);
        at += size;
        done += length;
    }
    free(inflater);
    return wrong || done != decoded;
}
