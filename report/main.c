/* SPDX-License-Identifier: MIT
 *
 * memtrace VERB ...: finds the verb. Standard output that cannot be written is an error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/glyph.h"
#include "base/nearest.h"
#include "resolve/rules.h"
#include "verbs/python_folder.h"
#include "verbs/verbs.h"

#ifndef MEMTRACE_VERSION
#define MEMTRACE_VERSION "0.1.0"
#endif

static const struct verb {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *help;               /* what its --help prints, or ... */
    const struct verb_about *about; /* ... what options_help makes that of */
    const char *what;
} verbs[] = {
    {"run", verb_run, verb_run_help, NULL, "run a program and record its allocations"},
    {"report", verb_report, NULL, &verb_report_about,
     "summary, the lines that took the memory, their source"},
    {"lines", verb_lines, NULL, &verb_lines_about,
     "line tables of functions or files, also as %mprun's"},
    {"sites", verb_sites, NULL, &verb_sites_about, "call sites with their stacks"},
    {"tree", verb_tree, NULL, &verb_tree_about, "who called whom, with the share of each branch"},
    {"leaks", verb_leaks, NULL, &verb_leaks_about, "what was never given back, by call site"},
    {"timeline", verb_timeline, NULL, &verb_timeline_about,
     "the level and the resident set over time"},
    {"html", verb_html, NULL, &verb_html_about, "one HTML file: curve, flame graph, lines, source"},
    {"top", verb_top, NULL, &verb_top_about,
     "a screen that follows a running process, or browses a log"},
    {"memit", verb_memit, verb_memit_help, NULL,
     "run a program a few times: its peak, and the line that held it"},
    {"notebook", verb_notebook, verb_notebook_help, NULL,
     "start Jupyter, whose notebooks are traced"},
    {"kernel", verb_kernel, verb_kernel_help, NULL, "add a traced kernel to Jupyter, or remove it"},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void help(FILE *out)
{
    fputs("memtrace: which line took the memory?\n\n"
          "usage: memtrace VERB [OPTION...] ...\n"
          "       memtrace LOG             the same as memtrace report LOG\n\n",
          out);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].what);
    fputs("\n"
          "  memtrace VERB --help tells a verb's options; memtrace --version the version;\n"
          "  memtrace --rules the libraries that are runtimes, and the allocator shims.\n"
          "  memtrace --python prints where the Python module is (%mprun, %memit,\n"
          "  %%memtrace, python -m memtrace, pytest):\n"
          "    export PYTHONPATH=$(memtrace --python)\n\n"
          "example:\n"
          "  memtrace run -o app.mt python3 mem_test.py && memtrace report app.mt\n\n"
          "exit status: 0 done; 1 the answer is \"no\"; 2 wrong usage or unreadable input\n",
          out);
}

static int finish(int status)
{
    if ((ferror(stdout) | fflush(stdout)) && errno != EPIPE) {
        base_say("standard output: %s", strerror(errno));
        return STATUS_BAD;
    }
    return status;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--help"))
            return true;
        if (argv[i][0] != '-' &&
            (!strcmp(argv[0], "run") || !strcmp(argv[0], "memit") || !strcmp(argv[0], "notebook")))
            return false; /* the program's own arguments begin */
    }
    return false;
}

static int report_argv(int argc, char **argv)
{
    char report[] = "report", **whole = base_alloc((size_t)argc + 2, sizeof *whole);
    whole[0] = report;
    memcpy(whole + 1, argv + 1, (size_t)argc * sizeof *whole);
    int status = verb_report(argc, whole);
    free(whole);
    return status;
}

/* `memtrace LOG ...` is `memtrace report LOG ...`; else nobody knows what is meant. */
static int no_verb(int argc, char **argv)
{
    const char *names[VERBS], *near;
    struct stat info;
    for (size_t i = 0; i < VERBS; i++)
        names[i] = verbs[i].name;
    if (!stat(argv[1], &info))
        return report_argv(argc, argv);
    near = nearest(argv[1], names, VERBS);
    base_say("there is no verb '%s', and no such log; %s%s%s", argv[1],
             near ? "did you mean '" : "see 'memtrace --help'", near ? near : "", near ? "'?" : "");
    return STATUS_BAD;
}

int main(int argc, char **argv)
{
    glyph_start();
    if (argc < 2) {
        help(stderr);
        return STATUS_BAD;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        help(stdout);
        return finish(STATUS_DONE);
    }
    if (!strcmp(argv[1], "--rules")) {
        rules_print(stdout);
        return finish(STATUS_DONE);
    }
    if (!strcmp(argv[1], "--python"))
        return finish(python_folder_print());
    if (!strcmp(argv[1], "--version")) {
        puts("memtrace " MEMTRACE_VERSION);
        return finish(STATUS_DONE);
    }
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        if (asks_for_help(argc - 1, argv + 1)) {
            if (verbs[i].about)
                options_help(verbs[i].about, stdout);
            else
                fputs(verbs[i].help, stdout);
            return finish(STATUS_DONE);
        }
        return finish(verbs[i].function(argc - 1, argv + 1));
    }
    return finish(no_verb(argc, argv));
}
