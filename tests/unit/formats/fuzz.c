/* What the fuzzer feeds to the kernel: the first byte says which part, the rest is the text, in a buffer of its size.
   Every engine must say the same of it. Built with -fsanitize=fuzzer,address,undefined (see fuzz.py), or with -DREPLAY
   to run files given as arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bam.h"
#include "bgzf.h"
#include "digests.h"
#include "fastq.h"
#include "names.h"

static uint64_t *first_table, *table;
static few_t *few;

static void must(int holds) {
    if (!holds) abort();
}

static void fastq(const uint8_t *text, size_t n) {
    passed_t first = {0};
    for (const engine_t *const *engine = fastq_engines(); *engine; engine++) {
        passed_t passed = {0};
        names_walk_t walk = {.facts = calloc(1, sizeof(name_facts_t)), .window = window_new(), .wanted = 1};
        uint64_t *counted = engine == fastq_engines() ? first_table : table;
        memset(counted, 0, COUNTS * sizeof *counted);
        must(fastq_pass(*engine, text, 0, n, few, counted, walk.facts ? &walk : NULL, &passed) == 0);
        few_flush(few, counted);
        name_hash_t *hashes = malloc((passed.reads + 1) * sizeof *hashes);
        must(name_facts_feed(walk.facts, NULL, text, n, passed.spans, passed.reads, hashes) == 0);
        must(!passed.reads || memcmp(hashes, walk.hashes, passed.reads * sizeof *hashes) == 0);
        free(hashes);
        free(walk.hashes);
        free(walk.window);
        free(walk.facts->digests);
        free(walk.facts);
        must(passed.end <= n && counted[READS] == passed.reads && counted[BASES] == passed.bases);
        if (engine == fastq_engines()) {
            first = passed;
            continue;
        }
        must(passed.end == first.end && passed.reads == first.reads && passed.bases == first.bases);
        must(memcmp(first_table, table, COUNTS * sizeof *table) == 0);
        must(!passed.reads || memcmp(passed.spans, first.spans, passed.reads * sizeof *passed.spans) == 0);
        free(passed.spans);
    }
    free(first.spans);
}

/* Every line is a header. */
static void names(const uint8_t *text, size_t n) {
    size_t count = 0, capacity = n + 1;
    span_t *spans = malloc(capacity * sizeof *spans);
    name_hash_t *hashes = malloc(capacity * sizeof *hashes);
    uint8_t *lines = malloc(2 * n + 16);
    must(spans && hashes && lines);
    for (size_t at = 0; at < n; count++) {
        const uint8_t *end = memchr(text + at, '\n', n - at);
        size_t length = end ? (size_t)(end - (text + at)) : n - at;
        spans[count] = (span_t){(uint32_t)at, (uint32_t)length, 0, 0};
        at += length + 1;
    }
    name_facts_t *facts = calloc(1, sizeof *facts);
    window_t *window = window_new();
    must(facts && window);
    must(name_facts_feed(facts, window, text, n, spans, count, hashes) == 0);
    uint8_t digest[16];
    name_facts_rest(facts, digest);
    int held = window_holds(window);
    must(window_finish(window) != 0 || held);
    must(window_prints(text, n, spans, count, hashes) == 0);
    must(names_lines(text, n, spans, count, lines) >= 0);
    free(facts->digests);
    free(facts);
    free(window);
    free(lines);
    free(hashes);
    free(spans);
}

static void bam(const uint8_t *text, size_t n) {
    static const uint32_t lengths[] = {1000, 5};
    const bam_header_t header = {lengths, 2, "one\0two", 8};
    const int orders = BAM_COORDINATE | BAM_LEXICAL | BAM_NATURAL;
    bam_passed_t first = {0};
    for (const engine_t *const *engine = fastq_engines(); *engine; engine++) {
        uint64_t *counted = engine == fastq_engines() ? first_table : table;
        memset(counted, 0, COUNTS * sizeof *counted);
        bam_passed_t passed = {.text = malloc(n ? n : 1)}; /* there is room for no more */
        must(passed.text != NULL);
        must(bam_pass(*engine, text, 0, n, &header, (bam_previous_t){0, NULL}, orders, few, counted,
                      &passed) == 0);
        few_flush(few, counted);
        free(passed.scratch);
        must(passed.end <= n && counted[READS] == passed.reads && counted[BASES] == passed.bases);
        if (engine == fastq_engines()) {
            first = passed;
            continue;
        }
        must(passed.end == first.end && passed.order == first.order && passed.text_n == first.text_n);
        must(memcmp(passed.text, first.text, passed.text_n) == 0);
        must(memcmp(first_table, table, COUNTS * sizeof *table) == 0);
        free(passed.text);
        free(passed.spans);
    }
    free(first.text);
    free(first.spans);
    uint8_t *letters = malloc(2 * n + 1), *plain = malloc(2 * n + 1);
    must(letters && plain);
    for (int reversed = 0; reversed < 2; reversed++) {
        bam_bases(letters, text, 2 * n, reversed);
        bam_bases_plain(plain, text, 2 * n, reversed);
        must(memcmp(letters, plain, 2 * n) == 0);
    }
    free(letters);
    free(plain);
}

/* A deflate stream behind the size that it is said to have. With room around it most symbols are taken by the fast loop,
   in buffers of its size all are taken carefully near their ends: both must say the same. */
static void deflated(const uint8_t *text, size_t n) {
    bgzf_blocks(text, n, 1 << 20);
    must(crc32_of(text, n) == crc32_plain(text, n));
    if (n < 2) return;
    size_t size = (size_t)(text[0] | text[1] << 8), in = n - 2, spare = 400;
    uint8_t *exact = malloc(size ? size : 1), *roomy = malloc(size + spare), *more = calloc(1, in + spare);
    inflater_t *inflater = inflater_new();
    must(exact && roomy && more && inflater);
    memcpy(more, text + 2, in);
    int careful = inflate_whole(inflater, text + 2, in, 0, exact, size, 0);
    must(inflate_whole(inflater, more, in, spare, roomy, size, spare) == careful);
    must(careful || memcmp(exact, roomy, size) == 0);
    free(inflater);
    free(more);
    free(roomy);
    free(exact);
}

/* Cut anywhere, saved there and taken up again, the digests are those of the whole. */
static void digests(const uint8_t *text, size_t n) {
    uint8_t md5[2][16], sha256[2][32], saved[DIGESTS_SAVED];
    digests_t whole, part;
    size_t cut = n ? text[0] % n : 0;
    digests_begin(&whole, 1);
    digests_update(&whole, text, n);
    digests_end(&whole, md5[0], sha256[0]);
    digests_begin(&part, 0);
    digests_update(&part, text, cut);
    digests_save(&part, saved);
    must(digests_load(&part, n & 1, saved, sizeof saved) == 0);
    digests_update(&part, text + cut, n - cut);
    digests_end(&part, md5[1], sha256[1]);
    must(memcmp(md5[0], md5[1], 16) == 0 && memcmp(sha256[0], sha256[1], 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (!table) {
        crc32_prepare();
        table = calloc(COUNTS, sizeof *table);
        first_table = calloc(COUNTS, sizeof *table);
        few = few_new();
    }
    if (n == 0) return 0;
    uint8_t *text = malloc(n - 1 ? n - 1 : 1); /* reading one byte beyond is a fault */
    must(text && table && first_table && few);
    memcpy(text, data + 1, n - 1);
    static void (*const PARTS[5])(const uint8_t *, size_t) = {fastq, names, bam, digests, deflated};
    PARTS[data[0] % 5](text, n - 1);
    free(text);
    return 0;
}

#ifdef REPLAY
int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(words[i], "rb");
        if (!file) return 2;
        static uint8_t data[1 << 20];
        size_t n = fread(data, 1, sizeof data, file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, n);
    }
    printf("%d inputs\n", count - 1);
    return 0;
}
#endif
