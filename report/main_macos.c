/* SPDX-License-Identifier: MIT
 *
 * The command on macOS: `memtrace run`. What reads logs needs libraries that are not built for macOS by others (elfutils); a log is read
 * by the command on Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "verbs/options.h"
#include "verbs/run.h"

static const char usage[] = "usage: memtrace run [-o LOG] [--min-peak SIZE] [--lines FUNCTION]... "
                            "[--] PROGRAM [ARGUMENT...]\n"
                            "  runs the program with libmemtrace.dylib in DYLD_INSERT_LIBRARIES; "
                            "its log is read on Linux: memtrace report LOG\n";

/* The value of option `name`, in *i or behind it. NULL: this is another one. */
static const char *value_of(const char *name, const char *brief, int argc, char **argv, int *i)
{
    size_t length = strlen(name);
    if (!strncmp(argv[*i], name, length) && argv[*i][length] == '=')
        return argv[*i] + length + 1;
    if ((!strcmp(argv[*i], name) || (brief && !strcmp(argv[*i], brief))) && *i + 1 < argc)
        return argv[++*i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct options options = {.name_count = 0};
    const char *value;
    int i = 2;
    if (argc < 2 || strcmp(argv[1], "run") != 0) {
        bool asked = argc > 1 && !strcmp(argv[1], "--help");
        fputs(usage, asked ? stdout : stderr);
        return asked ? STATUS_DONE : STATUS_BAD;
    }
    options.names = base_alloc((size_t)argc, sizeof *options.names);
    for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
        if ((value = value_of("--output", "-o", argc, argv, &i)))
            options.output = value;
        else if ((value = value_of("--min-peak", NULL, argc, argv, &i)))
            options.min_peak = value;
        else if ((value = value_of("--lines", NULL, argc, argv, &i)))
            options.names[options.name_count++] = value;
        else {
            base_say("run: '%s' is no option of this command on macOS", argv[i]);
            return STATUS_BAD;
        }
    }
    i += i < argc && !strcmp(argv[i], "--");
    if (i == argc) {
        base_say("run: which program?");
        return STATUS_BAD;
    }
    return run_options(&options) ? run_program(argv + i) : STATUS_BAD;
}
