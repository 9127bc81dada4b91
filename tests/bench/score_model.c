/* SPDX-License-Identifier: BSD-3-Clause */
/* score_model MODEL [ROUNDS]: how long one look of the headers tier takes, a checkpoint at a time,
 * with values drawn at random. The least of the rounds is what the machine can do undisturbed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/model_file.h"
#include "random.h"

enum { FLOWS = 4096, ROUNDS = 50 };

static int16_t values[FLOWS][FEATURES];

static void draw_values(void)
{
    struct random random = {1};
    for (unsigned i = 0; i < FLOWS; i++) {
        for (unsigned k = 0; k < FEATURES; k++)
            values[i][k] = (int16_t)((int)random_below(&random, 2000) - 1000);
        values[i][FEATURE_TRANSPORT] = random_below(&random, 2) ? IP_TCP : IP_UDP;
    }
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* The least time of a look; what they found is summed up, so that they are not left out. */
static double measure(const struct headers_model *model, unsigned checkpoint, unsigned rounds,
                      unsigned *sum)
{
    double least_ns = 1e18;
    for (unsigned round = 0; round < rounds; round++) {
        double start_ns = now_ns();
        for (unsigned i = 0; i < FLOWS; i++)
            *sum += headers_model_look(model, checkpoint, values[i]).class_index;
        double spent_ns = (now_ns() - start_ns) / FLOWS;
        least_ns = spent_ns < least_ns ? spent_ns : least_ns;
    }
    return least_ns;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    struct protocols *protocols;
    struct model_file file;
    if (argc < 2) {
        fputs("usage: score_model MODEL [ROUNDS]\n", stderr);
        return 2;
    }
    if (protocols_new(&protocols, &error) || model_file_open(&file, argv[1], protocols, &error)) {
        fprintf(stderr, "score_model: %s\n", error.text);
        return 1;
    }
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : ROUNDS;
    unsigned sum = 0;
    draw_values();
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        double look_ns = measure(file.headers, i, rounds, &sum);
        printf("%2u packets: %u trees of depth %u, %.0f ns a look\n", feature_checkpoint_packets(i),
               forest_trees(file.headers->checkpoints[i].forest),
               forest_depth(file.headers->checkpoints[i].forest), look_ns);
    }
    printf("(sum of classes %u)\n", sum);
    model_file_close(&file);
    protocols_free(protocols);
    return 0;
}
