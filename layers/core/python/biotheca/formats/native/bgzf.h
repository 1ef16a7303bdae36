/* BGZF (SAM specification, 4.1): whole blocks that lie in memory, each with its CRC-32 and size. No Python here; see
   bgzf_module.c. What is not plainly sound is refused, so that the careful reader (formats/gzip_members.py) says why. */
#ifndef BIOTHECA_BGZF_H
#define BIOTHECA_BGZF_H

#include <stddef.h>
#include <stdint.h>

enum { BGZF_HEAD = 18, BGZF_TRAILER = 8, BGZF_MOST = 65536 /* decoded bytes of a block */ };

/* Whole blocks at the beginning of some bytes; sizes are those that their trailers claim. */
typedef struct {
    size_t end; /* of the stored bytes that they take */
    uint64_t blocks, decoded;
    uint32_t last; /* decoded bytes of the last of them */
} bgzf_blocks_t;

/* As many as are whole, plainly blocks, and claim no more than `most` bytes together. */
bgzf_blocks_t bgzf_blocks(const uint8_t *stored, size_t n, uint64_t most);

/* Decode stored[:n], blocks from first to last byte, into out[:decoded]. 0; 1 if anything is in doubt; -1 if memory is
   short. */
int bgzf_unpack(const uint8_t *stored, size_t n, uint8_t *out, size_t decoded);

/* Tables of one deflate stream after another. */
typedef struct inflater inflater_t;
inflater_t *inflater_new(void); /* NULL if memory is short; freed by free */

/* Decode the deflate stream in[:n], which must end there, into out[:size], which it must fill: 0, else 1. Up to
   `in_spare` bytes behind the input may be read, up to `out_spare` behind the output may be written. */
int inflate_whole(inflater_t *inflater, const uint8_t *in, size_t n, size_t in_spare, uint8_t *out, size_t size,
                  size_t out_spare);

/* CRC-32 (ISO 3309, as in gzip). crc32_prepare must have been called once. */
void crc32_prepare(void);
uint32_t crc32_of(const uint8_t *text, size_t n);
uint32_t crc32_plain(const uint8_t *text, size_t n); /* without instructions of its own */

#endif
