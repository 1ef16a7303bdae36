/* What is counted of reads. The table is Python's (biotheca/formats/counts.py says what stands where); it is added to
   here, so that states of several blocks, files or machines add up. */
#ifndef BIOTHECA_COUNTS_H
#define BIOTHECA_COUNTS_H

#include <stddef.h>
#include <stdint.h>

enum {
    SINGLE = 512,  /* cycles counted one by one; further ones by sixteenths of a power of two */
    BINS = 768,
    LENGTH_BINS = 4360, /* lengths are finer: 256 parts of a power of two */
    LEVELS = 96,   /* Phred 0 to 93, two spare */
    ROW = LEVELS + 8,
    READS = 0, BASES = 1, SHORTEST = 2, LONGEST = 3, LENGTHS = 16,
    READ_QUALITY = LENGTHS + LENGTH_BINS, READ_GC = READ_QUALITY + LEVELS, ROWS = READ_GC + 104,
    A = 0, C = 1, G = 2, T = 3, N = 4, OTHER = 5, /* after the levels of a row */
    COUNTS = ROWS + BINS * ROW,
    MAX_USUAL = 8 /* quality levels that vectors count; most instruments write no more than four to eight */
};

/* Counts of some reads' first cycles in small numbers, to be added to the table now and then. */
typedef struct {
    unsigned in_bytes, reads;               /* reads in `few`, and in all the rest */
    uint8_t few[3][SINGLE];                 /* A, C, G; T is what is left */
    uint32_t letters[5][SINGLE];            /* A, C, G, N, other */
    uint32_t lengths[SINGLE + 1];           /* reads that end there; the last one: beyond */
    uint16_t quality[SINGLE][LEVELS];       /* without the usual levels */
    unsigned usual_n;                       /* 0 if so few levels are not nearly all */
    uint8_t usual[MAX_USUAL], is_usual[256]; /* as the letters they are written with */
    uint8_t few_usual[MAX_USUAL][SINGLE];
    uint32_t usual_sums[MAX_USUAL][SINGLE];
} few_t;

/* How letters are looked at; all answer alike. */
typedef struct {
    /* Count A, C and G of text[:n] by place into few[0..2], each place at most once. Returns C + G; *strange is the
       number of letters other than A, C, G, T, in either case. */
    size_t (*by_place)(const uint8_t *text, size_t n, uint8_t (*few)[SINGLE], size_t *strange);
    /* Add A, C and G of text[:n] to sums[0..2]. */
    void (*sums)(const uint8_t *text, size_t n, uint64_t *sums);
    /* The sum of Phred values, 0 to 93 each. */
    uint64_t (*total)(const uint8_t *text, size_t n);
    /* Count each of `letters` in text[:n] by place into few[0..count - 1]. Returns how many places hold another one.
       NULL if one by one is faster. */
    size_t (*by_letter)(const uint8_t *text, size_t n, const uint8_t *letters, unsigned count, uint8_t (*few)[SINGLE]);
    size_t least; /* the least n that by_letter takes */
} counter_t;

extern const counter_t COUNT_PLAIN;
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && defined(__SSE2__)
extern const counter_t COUNT_SSE2, COUNT_AVX2, COUNT_AVX512;
#endif

/* The bin of a cycle counted from 0, where a power of two has 2^part bins. */
static inline size_t bin_in(size_t at, unsigned part, size_t bins) {
    if (at < SINGLE) return at;
    unsigned power = 63u - (unsigned)__builtin_clzll((unsigned long long)at);
    size_t bin = SINGLE + ((size_t)(power - 9u) << part) + ((at >> (power - part)) & (((size_t)1 << part) - 1));
    return bin < bins ? bin : bins - 1;
}

static inline size_t bin_of(size_t at) { return bin_in(at, 4, BINS); }

few_t *few_new(void); /* NULL if memory is short */
void few_flush(few_t *few, uint64_t *table);
void count_read(const counter_t *counter, few_t *few, uint64_t *table, const uint8_t *bases, const uint8_t *qualities,
                size_t n, int sound); /* sound: all qualities are ASCII 33 to 126 */

#endif
