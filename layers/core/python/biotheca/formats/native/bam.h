/* BAM by whole blocks: which alignment records from a place on are beyond doubt sound. No Python here; see bam_module.c. */
#ifndef BIOTHECA_BAM_H
#define BIOTHECA_BAM_H

#include <stddef.h>
#include <stdint.h>

#include "fastq.h"

/* Orders that the records still keep. */
enum { BAM_COORDINATE = 1, BAM_LEXICAL = 2, BAM_NATURAL = 4 };

/* What the header says. */
typedef struct {
    const uint32_t *lengths; /* of the references */
    size_t references;
    const char *groups; /* names of read groups, each followed by NUL */
    size_t groups_n;
} bam_header_t;

/* The record before the first: where it lies, and its name (NUL at its end; NULL if there is none). */
typedef struct {
    uint64_t place;
    const uint8_t *name;
} bam_previous_t;

typedef struct {
    size_t end;  /* offset of the first byte that was not passed */
    size_t last; /* offset of the last record that was passed; `end` if there is none */
    int order;   /* orders that still hold */
    uint64_t records, reads, bases, failed, unmapped, without_qualities;
    uint8_t *text; /* names and bases of the reads, one read behind the other; as large as what is read */
    size_t text_n;
    span_t *spans; /* where in `text` they stand */
    size_t capacity;
    uint8_t *scratch; /* for the qualities of one read */
    size_t scratch_n;
} bam_passed_t;

/* Reference and position as one number that grows in coordinate order. */
uint64_t bam_place(int32_t reference, int32_t position);

/* Pass over sound records of text[start:n]. Stops before the first that is not whole or in any doubt.
   `order` are the orders that are claimed and held so far. Primary reads are counted in `few` and `table` and
   kept in passed->text, which has room for n - start bytes; neither if `few` is NULL. Returns 0, or -1 if memory is
   short. The caller frees `spans` and `scratch`. n must be below 2^31. */
int bam_pass(const engine_t *engine, const uint8_t *text, size_t start, size_t n, const bam_header_t *header,
             bam_previous_t previous, int order, few_t *few, uint64_t *table, bam_passed_t *passed);

/* `n` bases of 4 bits as letters, of the other strand if `reversed`. */
void bam_bases(uint8_t *to, const uint8_t *packed, size_t n, int reversed);
void bam_bases_plain(uint8_t *to, const uint8_t *packed, size_t n, int reversed);
/* Qualities as in FASTQ; '!' if they are absent. */
void bam_qualities(uint8_t *to, const uint8_t *quality, size_t n, int reversed, int absent);

#endif
