/* MD5 and SHA-256 of a stream in one pass, whose state can be saved in the middle. No Python here; see digests_module.c. */
#ifndef BIOTHECA_DIGESTS_H
#define BIOTHECA_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t md5[4], sha256[8];
    uint64_t length;   /* bytes so far */
    uint8_t block[64]; /* the last length % 64 of them */
    int fast;          /* by the processor's own instructions; not saved */
} digests_t;

enum { DIGESTS_VERSION = 1, DIGESTS_SAVED = 1 + 16 + 32 + 8 + 64 };

int digests_are_fast(void); /* whether this processor has the instructions */
void digests_begin(digests_t *digests, int fast); /* `fast` where it can be */
void digests_update(digests_t *digests, const uint8_t *data, size_t n);
/* Of the bytes so far; more may follow. */
void digests_end(const digests_t *digests, uint8_t md5[16], uint8_t sha256[32]);
void digests_save(const digests_t *digests, uint8_t out[DIGESTS_SAVED]);
int digests_load(digests_t *digests, int fast, const uint8_t *saved, size_t n); /* 0, or -1 if that is no saved state */

#endif
