/* Seeded reads for the benches: Illumina pairs in the instrument's order, or nanopore reads. Written to stdout.

   generate illumina READS MATE(1|2) [LENGTH]     names instrument:run:flowcell:lane:tile:x:y mate:N:0:index, sorted by
                                                  y, then x, 2.7 M reads a tile; four levels of quality as a Markov
                                                  chain; an N in one read of 200
   generate nanopore READS                        names as UUIDs, log-normal lengths (mu 8.7, sigma 0.8), Q 1 to 50 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state[2];

static uint64_t next_random(void) { /* xoroshiro128+, Blackman & Vigna 2018 */
    uint64_t a = state[0], b = state[1], sum = a + b;
    b ^= a;
    state[0] = (a << 24 | a >> 40) ^ b ^ (b << 16);
    state[1] = b << 37 | b >> 27;
    return sum;
}

static double uniform(void) { return (double)(next_random() >> 11) / 9007199254740992.0; }

static void letters(char *to, size_t n) {
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % 32 == 0) bits = next_random();
        to[i] = "ACGT"[bits & 3];
        bits >>= 2;
    }
}

static void illumina(uint64_t reads, int mate, size_t length) {
    static char bases[4096], qualities[4096];
    const char *levels = "F:,#";
    uint64_t per_tile = 2700000, width = 1600;
    for (uint64_t i = 0; i < reads; i++) {
        uint64_t tile = i / per_tile, in_tile = i % per_tile;
        letters(bases, length);
        if (next_random() % 200 == 0) bases[next_random() % length] = 'N';
        int level = 0;
        for (size_t k = 0; k < length; k++) {
            unsigned dice = (unsigned)(next_random() >> 40) & 0xff;
            if (level == 0) level = dice < 8 ? 1 + (dice & 1) : 0;
            else if (level < 3) level = dice < 150 ? 0 : dice < 170 ? 3 - level : level;
            else level = 3;
            if (dice == 255 && k > length / 2) level = 3;
            qualities[k] = levels[level];
        }
        printf("@A00228:279:HFWFVDMXX:1:%u:%u:%u %d:N:0:ATTCAGAA+GGCTCTGA\n", (unsigned)(1101 + tile % 78 + 1000 * (tile / 78)),
               (unsigned)(1000 + in_tile % width * 19), (unsigned)(1000 + in_tile / width * 17), mate);
        bases[length] = qualities[length] = '\n';
        fwrite(bases, 1, length + 1, stdout);
        fwrite("+\n", 1, 2, stdout);
        fwrite(qualities, 1, length + 1, stdout);
    }
}

static void nanopore(uint64_t reads) {
    size_t room = 1 << 24;
    char *bases = malloc(room + 1), *qualities = malloc(room + 1);
    if (!bases || !qualities) exit(1);
    for (uint64_t i = 0; i < reads; i++) {
        double normal = sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
        size_t length = (size_t)exp(8.7 + 0.8 * normal);
        if (length < 1) length = 1;
        if (length > room) length = room;
        letters(bases, length);
        double level = 20;
        for (size_t k = 0; k < length; k++) {
            level += (uniform() - 0.5) * 8 + (20 - level) * 0.05;
            qualities[k] = (char)(33 + (level < 1 ? 1 : level > 50 ? 50 : (int)level));
        }
        uint64_t a = next_random(), b = next_random();
        printf("@%08x-%04x-4%03x-a%03x-%012llx runid=9c1f ch=%d start_time=2026-01-01T00:00:00Z\n", (unsigned)(a >> 32),
               (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 48 & 0xfff),
               (unsigned long long)(b & 0xffffffffffff), (int)(a % 512));
        bases[length] = qualities[length] = '\n';
        fwrite(bases, 1, length + 1, stdout);
        fwrite("+\n", 1, 2, stdout);
        fwrite(qualities, 1, length + 1, stdout);
    }
}

int main(int count, char **words) {
    if (count < 3) return 2;
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    state[0] = 0x9E3779B97F4A7C15u;
    state[1] = count > 3 ? (uint64_t)atoi(words[3]) : 7u;
    for (int i = 0; i < 20; i++) next_random();
    if (strcmp(words[1], "illumina") == 0 && count > 3)
        illumina(strtoull(words[2], NULL, 10), atoi(words[3]), count > 4 ? strtoull(words[4], NULL, 10) : 150);
    else if (strcmp(words[1], "nanopore") == 0)
        nanopore(strtoull(words[2], NULL, 10));
    else
        return 2;
    return fflush(stdout) ? 1 : 0;
}
