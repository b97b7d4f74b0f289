/* SPDX-License-Identifier: MIT
 *
 *   fuzz_seeds FOLDER       writes the seeds there, for libFuzzer
 */
#include <stdio.h>
#include <stdlib.h>

#include "seeds.h"

static const char *folder;

static void write_one(const void *image, size_t bytes)
{
    static unsigned number;
    char path[4096];
    snprintf(path, sizeof path, "%s/seed-%u", folder, number++);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(image, 1, bytes, file) != bytes || fclose(file)) {
        perror(path);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    seeds_make(write_one);
    return 0;
}
