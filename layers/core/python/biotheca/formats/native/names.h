/* Read names: their fingerprints, the window that proves them unique by their order, the spool for any other order,
   a Bloom filter. No Python here; see names_module.c. The twin in Python, which says the rules: formats/names_twin.py. */
#ifndef BIOTHECA_NAMES_H
#define BIOTHECA_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "fastq.h"

#define NAMES_PER_DIGEST 65536
#define MAX_CANDIDATES 65536 /* names that are looked at again; the spool counts all beyond */

/* A name without its mate's suffix, and which read of its fragment it is: 1 to 9, or 0 if it does not say. */
typedef struct {
    const uint8_t *text;
    size_t n;
    unsigned read;
} read_name_t;

read_name_t names_of_header(const uint8_t *header, size_t n);
read_name_t names_until(const uint8_t *header, size_t end, size_t n); /* the same, if the first blank is at `end`, or n */

/* Of each record what makes its key: the name up to the first blank, and ` 1:N:` behind it if it says so, then a line end.
   Bytes written; `out` has room for all headers and one byte each; -2 if a span lies outside. */
int64_t names_lines(const uint8_t *text, size_t text_n, const span_t *spans, size_t count, uint8_t *out);

/* MurmurHash3 x64-128 (Appleby, public domain), seed 0; equal to mmh3.hash128. */
void murmur128(const uint8_t *text, size_t n, uint64_t out[2]);

/* 64 bits for name and read number together: hash[0] + read * this. */
#define NAMES_READ_STEP UINT64_C(0x9E3779B97F4A7C15)

/* A name's fingerprint and further bits of its hash; both 0 for a record without a name, which all pass over. */
typedef struct {
    uint64_t print, more;
} name_hash_t;

/* ---- facts: digests, read numbers, lanes ---- */
typedef struct name_facts name_facts_t;
enum { MAX_LANES = 64, MAX_LANE_BYTES = 128 };
struct name_facts {
    uint64_t chain[2], in_block;
    uint8_t *digests; /* 16 bytes each, big-endian */
    size_t digests_n, digests_capacity;
    uint64_t labels[3]; /* none, read 1, read 2 */
    uint8_t lanes[MAX_LANES][MAX_LANE_BYTES];
    size_t lane_n[MAX_LANES], lanes_n, lane_last;
    int more_lanes;
};
/* Hashes of `count` records into `out`, unless it is NULL; `window`, unless it is NULL, is given the same names.
   0, or -1 if memory is short, or -2 if a span lies outside. */
typedef struct window window_t;
int name_facts_feed(name_facts_t *facts, window_t *window, const uint8_t *text, size_t text_n, const span_t *spans,
                    size_t count, name_hash_t *out);
/* What fastq_pass hands names to: `hashes`, if they are `wanted`, has one for each record that was passed. */
struct names_walk {
    name_facts_t *facts;
    window_t *window; /* or NULL */
    int wanted;
    name_hash_t *hashes; /* freed by the caller */
    size_t capacity;
};
/* The name of record `at`, which ends after `end` of the `n` characters of its header. 0, or -1 if memory is short. */
int names_walk(names_walk_t *walk, size_t at, const uint8_t *header, size_t end, size_t n);
/* The digest of a block that is not full into `out`; 0 if there is none. */
int name_facts_rest(const name_facts_t *facts, uint8_t out[16]);

/* ---- window ---- */
/* A name as prefix and one or two whole numbers; `form` and `pad` belong to the prefix. */
enum { NO_PLACE, PLACE_ONE, PLACE_TWO, PLACE_TILE };
typedef struct {
    int form;
    unsigned pad;
    size_t prefix;
    uint64_t a, b;
} place_t;
place_t names_place(const uint8_t *name, size_t n);

window_t *window_new(void); /* freed by free */
/* To be saved: its size as plain memory, of which what is not in use is cleared. The other takes such memory, or gives 0. */
size_t window_tidied(window_t *window);
int window_load(window_t *window, const void *saved, size_t n);
void window_add(window_t *window, read_name_t name);
int window_holds(const window_t *window); /* whether the proof still holds */
/* Ends the proof of the last tile. 0, or -1 if there are too many candidates. */
int window_finish(window_t *window);
size_t window_found(const window_t *window, const uint64_t **found);
uint64_t window_repeats(const window_t *window);
/* The fingerprints by which window_found names its candidates. 0, or -2. */
int window_prints(const uint8_t *text, size_t text_n, const span_t *spans, size_t count, name_hash_t *out);

/* ---- spool ---- */
typedef struct spool spool_t;
enum { SPOOL_NARROW = 7, SPOOL_WIDE = 8 }; /* bytes stored a name: 64 or 70 bits of it are compared */
/* `fd` is an empty file, or -1; `chunk` bytes are written at once; a part of more than `most` names is split again. */
spool_t *spool_new(int fd, unsigned width, size_t chunk, size_t most);
void spool_free(spool_t *spool);
/* 0 or an errno. */
int spool_add(spool_t *spool, const name_hash_t *hashes, size_t count);
/* Names that stand more than once, the reads beyond the first of each, and the first candidates. 0 or an errno. */
typedef struct {
    uint64_t names, repeats;
    uint64_t *found; /* MAX_CANDIDATES of them at most; freed by the caller */
    size_t found_n, capacity;
} repeated_t;
int spool_finish(spool_t *spool, repeated_t *repeated);
uint64_t spool_bytes(const spool_t *spool); /* written to the file */

/* ---- candidates and Bloom ---- */
size_t prints_capacity(size_t count);
void prints_fill(uint64_t *slots, size_t capacity, const uint64_t *prints, size_t count);
/* Numbers of the records whose print is among the slots. */
size_t prints_match(const uint64_t *slots, size_t capacity, const name_hash_t *hashes, size_t count, uint32_t *out);

/* One byte a record: whether it was in the filter before. `add` puts it there. */
void bloom_feed(uint8_t *bits, uint64_t size_bits, unsigned hashes, const name_hash_t *names, size_t count, int add,
                uint8_t *met);

#endif
