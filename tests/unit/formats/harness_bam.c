/* The BAM kernel without Python, for the sanitizers: each text is read in buffers of exactly its size, cut ever shorter. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bam.h"

static uint64_t table[COUNTS];
static few_t *few;

static uint64_t look(const uint8_t *text, size_t n, int order) {
    uint8_t *exact = malloc(n ? n : 1); /* reading one byte beyond is a fault */
    memcpy(exact, text, n);
    const uint32_t lengths[] = {1000, 500};
    bam_header_t header = {lengths, 2, "one", 4};
    bam_previous_t previous = {0, (const uint8_t *)"a"};
    bam_passed_t passed = {.text = malloc(n ? n : 1)}; /* there is room for no more */
    if (bam_pass(fastq_engines()[0], exact, 0, n, &header, previous, order, few, table, &passed) != 0) abort();
    few_flush(few, table);
    free(passed.scratch);
    free(passed.text);
    free(passed.spans);
    free(exact);
    return passed.records;
}

/* Texts in the file: 4 bytes of size in the machine's order, then the records. Prints how many were passed. */
int main(int count, char **words) {
    if (count != 2) return 2;
    FILE *file = fopen(words[1], "rb");
    uint32_t n;
    uint64_t records = 0;
    if (!(few = few_new())) return 4;
    while (fread(&n, sizeof n, 1, file) == 1) {
        uint8_t *text = malloc(n + 1);
        if (fread(text, 1, n, file) != n) return 3;
        for (int order = 0; order < 8; order++) records += look(text, n, order);
        for (uint32_t less = 1; less < 200 && less <= n; less++) look(text, n - less, 0);
        free(text);
    }
    fclose(file);
    free(few);
    printf("%llu\n", (unsigned long long)records);
    return 0;
}
