/* The kernel without Python, for the sanitizers: each text is read at every start, in a buffer of exactly its size. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastq.h"
#include "names.h"

static uint64_t checksum;
static uint64_t table[COUNTS];
static few_t *few;

/* Every header line also without its first characters, so that names of odd shapes are seen. */
static void look_at_names(const uint8_t *text, size_t n, const passed_t *passed) {
    size_t count = (size_t)passed->reads;
    name_facts_t *facts = calloc(1, sizeof *facts);
    window_t *window = window_new();
    name_hash_t *hashes = malloc((count + 1) * sizeof *hashes);
    uint32_t *matches = malloc((count + 1) * sizeof *matches);
    uint8_t *lines = malloc(n + 8 * count + 8), *met = malloc(count + 1), bits[128] = {0};
    for (unsigned cut = 0; cut < 3; cut++) {
        for (size_t i = 0; i < count; i++) {
            if (!passed->spans[i].header_length) continue;
            passed->spans[i].header += cut > 0;
            passed->spans[i].header_length -= cut > 0;
        }
        if (name_facts_feed(facts, window, text, n, passed->spans, count, hashes) != 0) abort();
        checksum += (uint64_t)window_holds(window);
        checksum += (uint64_t)names_lines(text, n, passed->spans, count, lines);
        spool_t *spool = spool_new(-1, cut ? SPOOL_WIDE : SPOOL_NARROW, 4096, 1000);
        repeated_t repeated = {0};
        if (spool_add(spool, hashes, count) == 0 && spool_finish(spool, &repeated) == 0) {
            uint64_t slots[1024];
            size_t few = repeated.found_n < 200 ? repeated.found_n : 200;
            prints_fill(slots, 1024, repeated.found, few);
            checksum += repeated.names + prints_match(slots, 1024, hashes, count, matches);
        }
        free(repeated.found);
        spool_free(spool);
        bloom_feed(bits, 1000, 5, hashes, count, 1, met);
        if (window_prints(text, n, passed->spans, count, hashes) != 0) abort();
    }
    checksum += (uint64_t)window_finish(window) + facts->lanes_n;
    free(facts->digests);
    free(facts);
    free(window);
    free(hashes);
    free(matches);
    free(lines);
    free(met);
}

static void look(const engine_t *engine, const uint8_t *text, size_t n, int names) {
    uint8_t *exact = malloc(n ? n : 1); /* reading one byte beyond is a fault */
    memcpy(exact, text, n);
    passed_t passed = {0};
    if (fastq_pass(engine, exact, 0, n, few, table, NULL, &passed) != 0) abort();
    checksum = checksum * 31 + passed.end + passed.reads + passed.bases;
    uint64_t slots[WORDS_FILTER + 64];
    for (size_t size = 4; size <= 9; size += 5) {
        words_fill(slots, 64, (const uint8_t *)"ACGTACTTACGTACGTAA", 2, size);
        for (uint64_t i = 0; i < passed.reads; i++)
            checksum += (uint64_t)words_mark(slots, 64, size, exact + passed.spans[i].sequence,
                                             passed.spans[i].sequence_length, 2, 1);
    }
    if (names) look_at_names(exact, n, &passed);
    free(passed.spans);
    free(exact);
}

/* Records in the file: 4 bytes of size in the machine's order, then the text. Prints a digest for each engine. */
int main(int count, char **words) {
    if (count != 2 || !(few = few_new())) return 2;
    for (const engine_t *const *engine = fastq_engines(); *engine; engine++) {
        FILE *file = fopen(words[1], "rb");
        uint32_t n;
        checksum = 0;
        while (fread(&n, sizeof n, 1, file) == 1) {
            uint8_t *text = malloc(n + 1);
            if (fread(text, 1, n, file) != n) return 3;
            look(*engine, text, n, 1);
            for (uint32_t less = 1; less < 140 && less <= n; less++) look(*engine, text, n - less, 0);
            free(text);
        }
        fclose(file);
        few_flush(few, table);
        for (size_t i = 0; i < COUNTS; i++) checksum = checksum * 31 + table[i];
        memset(table, 0, sizeof table);
        printf("%llx\n", (unsigned long long)checksum);
    }
    return 0;
}
