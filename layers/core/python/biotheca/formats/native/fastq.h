/* FASTQ by whole blocks: which records from a place on are beyond doubt sound. No Python here; see module.c. */
#ifndef BIOTHECA_FASTQ_H
#define BIOTHECA_FASTQ_H

#include <stddef.h>
#include <stdint.h>

#include "counts.h"

/* How bytes are looked at; all engines answer alike. */
typedef struct {
    const char *name;
    /* Whether all `n` bytes are bases: IUPAC letters of either case, or '.'. */
    int (*bases)(const uint8_t *text, size_t n);
    /* How many of the first bytes are ASCII 33 to 126. */
    size_t (*printable)(const uint8_t *text, size_t n);
    const counter_t *counter;
} engine_t;

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
extern const engine_t ENGINE_AVX512;
#endif

/* Engines that this processor runs, best first; NULL ends the list. */
const engine_t *const *fastq_engines(void);

/* Where a record's parts stand in the text: the header line without '@' (and without its end), and the bases. */
typedef struct {
    uint32_t header, header_length, sequence, sequence_length;
} span_t;

/* What sound records were passed; `spans` holds one for each. */
typedef struct {
    size_t end; /* offset of the first byte that was not passed */
    uint64_t reads, bases;
    span_t *spans;
    size_t capacity; /* records that `spans` has room for */
} passed_t;

/* Where the names of records go while they are at hand; see names.h. */
typedef struct names_walk names_walk_t;

/* Pass over sound records of text[start:n]. Stops before the first that is not whole or in any doubt.
   What passes is counted in `few` and `table` (COUNTS numbers), unless `few` is NULL; few_flush brings all into the table.
   `walk`, unless it is NULL, is given the names. Returns 0, or -1 if memory is short. The caller frees `spans`.
   n must be below 2^32. */
int fastq_pass(const engine_t *engine, const uint8_t *text, size_t start, size_t n, few_t *few, uint64_t *table,
               names_walk_t *walk, passed_t *passed);

/* A set of words of A, C, G and T, `size` (1 to 31) letters each: a bit for each first eight letters that some word has,
   then slots of open addressing. 2 bits a letter. */
#define NO_WORD UINT64_MAX
enum { WORDS_FILTER = 1024 };                            /* 64-bit numbers before the slots */
size_t words_capacity(size_t count);                     /* slots, a power of two */
/* Words as numbers; -1 if they hold another letter. */
int words_code(const uint8_t *words, size_t count, size_t size, uint64_t *codes);
int words_fill(uint64_t *table, size_t capacity, const uint8_t *words, size_t count, size_t size);

/* Whether one of the words stands in text[:n] at a multiple of `step`, and at least `needed` stand anywhere. */
int words_mark(const uint64_t *table, size_t capacity, size_t size, const uint8_t *text, size_t n, size_t step,
               size_t needed);

/* Where each of `count` words (as in a table, `size` of 3 to 31 letters) first begins in text[:n]; -1 if nowhere. */
void words_first(const uint64_t *words, size_t count, size_t size, const uint8_t *text, size_t n, int32_t *places);

#endif
