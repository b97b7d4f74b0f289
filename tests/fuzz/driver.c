/* SPDX-License-Identifier: MIT
 *
 * The target without libFuzzer: for any compiler, and the same inputs every time.
 *
 *   fuzz_reader [--runs N] [--seed S] [--log LOG]... [FILE|FOLDER]...
 *
 * Every input is run in all modes (files by name in the folders' order), then N mutations of them are run. --log: a
 * log as it is, not an image. An input that is a finding is left in fuzz-finding.image in the working directory.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "seeds.h"
#include "target.h"

struct input {
    unsigned char *data;
    size_t bytes;
};
static struct input *inputs;
static size_t input_count;

static const unsigned char *running;
static size_t running_bytes;

static void add(const void *data, size_t bytes)
{
    inputs = realloc(inputs, (input_count + 1) * sizeof *inputs);
    inputs[input_count].data = malloc(bytes + 1);
    memcpy(inputs[input_count].data, data, bytes);
    inputs[input_count++].bytes = bytes;
}

/* ---- findings ---- */

static void keep_finding(int signal_number)
{
    int fd = creat("fuzz-finding.image", 0666);
    if (fd >= 0 && write(fd, running, running_bytes) == (ssize_t)running_bytes) {
        static const char text[] = "fuzz: the input is in fuzz-finding.image\n";
        running_bytes = (size_t)write(2, text, sizeof text - 1);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run(const unsigned char *data, size_t bytes)
{
    running = data;
    running_bytes = bytes;
    LLVMFuzzerTestOneInput(data, bytes);
}

/* ---- inputs ---- */

static void add_file(const char *path, bool log)
{
    static unsigned char data[4 << 20];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    size_t bytes = fread(data, 1, sizeof data, file);
    fclose(file);
    if (log) {
        static struct image image;
        static unsigned char packed[IMAGE_BYTES_MAX];
        image_of_file(&image, data, bytes);
        add(packed, image_pack(&image, packed, sizeof packed));
    } else {
        add(data, bytes);
    }
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void add_path(const char *path)
{
    struct dirent **names;
    int count = scandir(path, &names, visible, alphasort);
    if (count < 0) {
        add_file(path, false);
        return;
    }
    for (int i = 0; i < count; i++) {
        char *whole;
        if (asprintf(&whole, "%s/%s", path, names[i]->d_name) < 0)
            exit(2);
        add_file(whole, false);
        free(whole);
        free(names[i]);
    }
    free(names);
}

/* ---- mutation ---- */

static uint64_t state;

static uint64_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most)
{
    size_t at = bytes ? next() % bytes : 0;
    switch (bytes ? next() % 4 : 1) {
    case 0: /* remove */
        memmove(data + at, data + at + 1, bytes - at - 1);
        return bytes - 1;
    case 1: /* insert */
        if (bytes == most)
            return bytes;
        memmove(data + at + 1, data + at, bytes - at);
        data[at] = (uint8_t)next();
        return bytes + 1;
    case 2:
        data[at] ^= (uint8_t)(1 << next() % 8);
        return bytes;
    default:
        data[at] = (uint8_t)next();
        return bytes;
    }
}

/* Mutations of mutations, as far as a generation of inputs goes: each starts at one of those given. */
static void run_mutations(unsigned long runs)
{
    static unsigned char data[IMAGE_BYTES_MAX];
    size_t bytes = 0;
    for (unsigned long i = 0; i < runs; i++) {
        if (i % 16 == 0) {
            const struct input *input = &inputs[next() % input_count];
            bytes = input->bytes < sizeof data ? input->bytes : sizeof data;
            memcpy(data, input->data, bytes);
            if (bytes)
                data[0] = (unsigned char)(next() % target_modes);
        }
        bytes = LLVMFuzzerCustomMutator(data, bytes, sizeof data, (unsigned)next());
        run(data, bytes);
    }
}

int main(int argc, char **argv)
{
    unsigned long runs = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--runs") && i + 1 < argc)
            runs = strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            state = strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--log") && i + 1 < argc)
            add_file(argv[++i], true);
        else
            add_path(argv[i]);
    }
    seeds_make(add);
    int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], keep_finding);
    LLVMFuzzerInitialize(&argc, &argv);
    for (size_t i = 0; i < input_count; i++) {
        for (size_t mode = 0; mode < target_modes && inputs[i].bytes; mode++) {
            inputs[i].data[0] = (unsigned char)mode;
            run(inputs[i].data, inputs[i].bytes);
        }
    }
    run_mutations(runs);
    printf("%zu inputs in %zu modes, %lu mutations; at most %zu bytes of memory, %zu of output\n",
           input_count, target_modes, runs, target_most.memory, target_most.output);
    return 0;
}
