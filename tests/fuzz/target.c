/* SPDX-License-Identifier: MIT
 *
 * One input of the fuzzer: an image becomes a log, a verb shows it, and what it prints, returns and takes of memory
 * is checked. libFuzzer's entry points.
 */
#include "target.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../report/verbs/verbs.h"
#include "check.h"
#include "image.h"
#include "world.h"

#define ARGUMENTS 10

static const struct mode {
    int (*verb)(int argc, char **argv);
    bool json;
    const char *arguments[ARGUMENTS];
} modes[] = {
    {verb_report, true, {"report", "--json", WORLD_LOG}},
    {verb_report, false, {"report", WORLD_LOG}},
    {verb_report, false, {"report", "-n", "0", "--all", WORLD_LOG}},
    {verb_report, false, {"report", WORLD_LOG, WORLD_LOG, "gone"}},
    {verb_report, true, {"report", "--json", WORLD_LOG, WORLD_LOG}},
    {verb_lines, true, {"lines", "--json", "--all", WORLD_LOG}},
    {verb_lines, false, {"lines", "--all", WORLD_LOG}},
    {verb_lines, false, {"lines", "--mprun", "--all", WORLD_LOG}},
    {verb_lines, false, {"lines", "-f", "a.py:f", "-f", "main", WORLD_LOG}},
    {verb_sites, true, {"sites", "--json", "--sort", "live", WORLD_LOG}},
    {verb_sites, false, {"sites", WORLD_LOG}},
    {verb_sites, false, {"sites", "--all", "--sort", "rise", WORLD_LOG}},
    {verb_sites, false, {"sites", "--all", "--histogram", WORLD_LOG}},
    {verb_sites, true, {"sites", "--json", "--histogram", "--metric", "temporary", WORLD_LOG}},
    {verb_tree, false, {"tree", WORLD_LOG}},
    {verb_tree, true, {"tree", "--json", "--all", "--min-share", "0", WORLD_LOG}},
    {verb_tree, true, {"tree", "--json", "--inverted", "--metric", "increment", WORLD_LOG}},
    {verb_tree, false, {"tree", "-i", "--all", "--min-share", "0", "--metric", "rise", WORLD_LOG}},
    {verb_tree, true, {"tree", "--json", "--all", "--min-share", "0", WORLD_LOG, WORLD_LOG}},
    {verb_tree, false, {"tree", "-i", WORLD_LOG, WORLD_LOG, "gone"}},
    {verb_timeline, true, {"timeline", "--json", WORLD_LOG, WORLD_LOG}},
    {verb_timeline, false, {"timeline", WORLD_LOG, WORLD_LOG, "gone"}},
    {verb_sites, true, {"sites", "--json", "--all", "-n", "0", WORLD_LOG, WORLD_LOG}},
    {verb_leaks, false, {"leaks", WORLD_LOG, WORLD_LOG, "gone"}},
    {verb_leaks, true, {"leaks", "--json", "--all", WORLD_LOG, WORLD_LOG}},
    {verb_report, false, {"report", "--by", "function", WORLD_LOG, WORLD_LOG}},
    {verb_html, false, {"html", "-o", "-", WORLD_LOG, WORLD_LOG}},
    {verb_leaks, false, {"leaks", "--metric", "live", WORLD_LOG}},
    {verb_leaks, true, {"leaks", "--json", "--all", WORLD_LOG}},
    {verb_timeline, false, {"timeline", WORLD_LOG}},
    {verb_timeline, false, {"timeline", "--csv", WORLD_LOG}},
    {verb_timeline, true, {"timeline", "--json", WORLD_LOG}},
    {verb_report, false, {"report", "--by", "module", "--own", WORLD_LOG}},
    {verb_report, true, {"report", "--json", "--by", "function", WORLD_LOG}},
    {verb_sites, false, {"sites", "--function", "*a*", "--metric", "increment", WORLD_LOG}},
    {verb_report, true, {"report", "--json", "--period", "1", WORLD_LOG}},
    {verb_top, false, {"top", "--once", WORLD_LOG}},
    {verb_top,
     false,
     {"top", "--once", "--all", "--view", "sites", "--metric", "allocated", WORLD_LOG}},
    {verb_top, false, {"top", "--once", "--view", "functions", "--metric", "rise", WORLD_LOG}},
    {verb_top, false, {"top", "--once", "--view", "tree", "--metric", "peak", WORLD_LOG}},
    {verb_lines, false, {"lines", "--all", "--period", "0-1", WORLD_LOG}},
    {verb_diff, false, {"diff", "--all", "--metric", "increment", WORLD_LOG, WORLD_LOG}},
    {verb_diff, false, {"diff", "--by", "function", "--metric", "rise", WORLD_LOG, WORLD_LOG}},
    {verb_diff, true, {"diff", "--json", "--by", "site", WORLD_LOG, WORLD_LOG}},
    {verb_diff, true, {"diff", "--json", "--by", "module", WORLD_LOG, "--", WORLD_LOG, WORLD_LOG}},
    {verb_html, false, {"html", "-o", "-", WORLD_LOG}},
    {verb_html, false, {"html", "-o", "-", "--redact", "--budget", "1", WORLD_LOG}},
    /* Not heaptrack's format, which has a line for each allocation, however small the log is. */
    {verb_export, false, {"export", "--format", "collapsed", WORLD_LOG}},
    {verb_export, false, {"export", "--format", "collapsed", "--top", "3", WORLD_LOG, WORLD_LOG}},
    {verb_export, true, {"export", "--format", "speedscope", "--threads", WORLD_LOG}},
    {verb_export, false, {"export", "--format", "callgrind", WORLD_LOG}},
    {verb_export, false, {"export", "--format", "massif", WORLD_LOG}},
    {verb_export, true, {"export", "--format", "dhat", "--min-share", "5", WORLD_LOG}},
    {verb_export, false, {"export", "--format", "ndjson", WORLD_LOG}},
    {verb_export, false, {"export", "--format", "csv", "--table", "lines", WORLD_LOG}},
    {verb_export, false, {"export", "--format", "csv", "--table", "logs", WORLD_LOG}},
};
#define MODES (sizeof modes / sizeof modes[0])

/* The tool may take this much memory, and print this much: what it needs for itself, and a multiple of the file. */
#define MEMORY_OWN      ((size_t)256 << 10)
#define MEMORY_PER_BYTE 100u
#define OUTPUT_OWN      ((size_t)64 << 10)
#define OUTPUT_PER_BYTE 400u

const size_t target_modes = MODES;
struct target_most target_most;

static void finding(const struct mode *mode, const char *what, const char *detail, size_t number)
{
    char text[512];
    int length = snprintf(text, sizeof text, "\nfuzz: %s: memtrace", what);
    for (int i = 0; i < ARGUMENTS && mode->arguments[i]; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %s", mode->arguments[i]);
    length += snprintf(text + length, sizeof text - (size_t)length, ": %s%zu\n", detail, number);
    if (write(2, text, (size_t)length) == length)
        abort();
    abort();
}

static int verb_run_mode(const struct mode *mode, struct check *out, struct check *error,
                         size_t *memory)
{
    char *arguments[ARGUMENTS + 1] = {0};
    int count = 0;
    for (; count < ARGUMENTS && mode->arguments[count]; count++)
        arguments[count] = (char *)(uintptr_t)mode->arguments[count];
    FILE *old_out = stdout, *old_error = stderr;
    stdout = check_open(out);
    stderr = check_open(error);
    optind = 0; /* getopt's way of being told to begin anew */
    world_begin();
    int status = mode->verb(count, arguments);
    *memory = world_end();
    fclose(stdout);
    fclose(stderr);
    stdout = old_out;
    stderr = old_error;
    check_end(out);
    check_end(error);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct image image;
    static unsigned char file[IMAGE_FILE_MAX];
    image_unpack(&image, data, bytes);
    size_t length = image_to_file(&image, file);
    world_set_log(file, length);
    const struct mode *mode = &modes[image.mode % MODES];
    static char buffers[2][CHECK_BUFFER];
    struct check out = {.json = mode->json, .buffer = buffers[0]}, error = {.buffer = buffers[1]};
    size_t memory, logs = mode->verb == verb_report ? 2 : 1;
    int status = verb_run_mode(mode, &out, &error, &memory);
    if (out.wrong)
        finding(mode, "wrong output", out.wrong, out.bytes);
    if (error.wrong)
        finding(mode, "wrong messages", error.wrong, error.bytes);
    if (status < 0 || status > 2)
        finding(mode, "wrong status", "", (size_t)status);
    if (status == 2 && !error.bytes)
        finding(mode, "a failure without a message", "", 0);
    if (memory > MEMORY_OWN && memory - MEMORY_OWN > length * MEMORY_PER_BYTE)
        finding(mode, "too much memory", "bytes: ", memory);
    if (out.bytes > OUTPUT_OWN && out.bytes - OUTPUT_OWN > logs * length * OUTPUT_PER_BYTE)
        finding(mode, "too much output", "bytes: ", out.bytes);
    if (memory > target_most.memory)
        target_most.memory = memory;
    if (out.bytes > target_most.output)
        target_most.output = out.bytes;
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    setenv("MEMTRACE_THREADS", "1", 1);
    setenv("MEMTRACE_CACHE", "0", 1);
    setenv("TZ", "UTC", 1);
    return 0;
}
