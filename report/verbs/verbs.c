/* SPDX-License-Identifier: MIT
 *
 * The list of the verbs.
 */
#include "verbs/verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/nearest.h"
#include "resolve/rules.h"
#include "verbs/python_folder.h"

#ifndef MEMTRACE_VERSION
#define MEMTRACE_VERSION "0.1.0"
#endif

const struct verb verbs[] = {
    {"record a program", verb_run, &verb_run_about, "run a program and record its allocations"},
    {NULL, verb_memit, &verb_memit_about,
     "run a program a few times: its peak, and the line that held it"},
    {NULL, verb_bench, &verb_bench_about,
     "run a program many times: peak, allocations, their spread, time"},
    {NULL, verb_notebook, &verb_notebook_about, "start Jupyter, whose notebooks are traced"},
    {"look at a log", verb_report, &verb_report_about,
     "summary, the lines that took the memory, their source"},
    {NULL, verb_lines, &verb_lines_about, "line tables of functions or files, also as %mprun's"},
    {NULL, verb_sites, &verb_sites_about, "call sites with their stacks"},
    {NULL, verb_tree, &verb_tree_about, "who called whom, with the share of each branch"},
    {NULL, verb_leaks, &verb_leaks_about, "what was never given back, by call site"},
    {NULL, verb_why, &verb_why_about, "advice: what grows, what is wasted, what could be saved"},
    {NULL, verb_timeline, &verb_timeline_about, "the level and the resident set over time"},
    {NULL, verb_top, &verb_top_about, "a screen that follows a running process, or browses a log"},
    {"compare", verb_diff, &verb_diff_about, "what grew, shrank, is new or gone between two logs"},
    {NULL, verb_check, &verb_check_about, "whether logs keep to budgets, for CI"},
    {"send it to others", verb_html, &verb_html_about,
     "one HTML file: curve, flame graph, lines, source"},
    {NULL, verb_export, &verb_export_about, "other programs' formats: pprof, speedscope, CSV, ..."},
    {NULL, verb_pack, &verb_pack_about, "a log with its names and source, for another machine"},
    {NULL, verb_push, &verb_push_about,
     "to a server: Pyroscope, Parca, an OpenTelemetry collector"},
    {NULL, verb_merge, &verb_merge_about, "many processes' logs, or many machines', as one log"},
    {NULL, verb_import, &verb_import_about, "a log of heaptrack's, DHAT's or memray's file"},
    {"set up", verb_kernel, &verb_kernel_about, "add a traced kernel to Jupyter, or remove it"},
    {NULL, verb_completions, &verb_completions_about,
     "completions for bash, zsh or fish, to be sourced"},
};
const size_t verb_count = sizeof verbs / sizeof verbs[0];

static int print_help(void)
{
    verbs_help(stdout);
    return STATUS_DONE;
}

static int print_rules(void)
{
    rules_print(stdout);
    return STATUS_DONE;
}

static int print_version(void)
{
    puts("memtrace " MEMTRACE_VERSION);
    return STATUS_DONE;
}

const struct verb_option verb_options[] = {
    {"--help", 'h', print_help, "list the verbs; behind a verb: its options"},
    {"--version", 'V', print_version, "print the version"},
    {"--rules", 0, print_rules, "the libraries that are runtimes, the allocator shims, ..."},
    {"--python", 0, python_folder_print, "where the Python module is, for PYTHONPATH"},
};
const size_t verb_option_count = sizeof verb_options / sizeof verb_options[0];

const struct verb *verb_named(const char *name)
{
    for (size_t i = 0; i < verb_count; i++)
        if (!strcmp(name, verbs[i].about->name))
            return &verbs[i];
    return NULL;
}

const char *verb_nearest(const char *name)
{
    const char
        *names[sizeof verbs / sizeof verbs[0] + sizeof verb_options / sizeof verb_options[0]];
    size_t count = 0;
    if (name[0] == '-')
        for (size_t i = 0; i < verb_option_count; i++)
            names[count++] = verb_options[i].name;
    else
        for (size_t i = 0; i < verb_count; i++)
            names[count++] = verbs[i].about->name;
    return nearest(name, names, count);
}

void verbs_help(FILE *out)
{
    fputs("memtrace: which line took the memory?\n\n"
          "usage: memtrace VERB [OPTION...] ...\n"
          "       memtrace LOG             the same as memtrace report LOG\n",
          out);
    for (size_t i = 0; i < verb_count; i++) {
        if (verbs[i].group)
            fprintf(out, "\n%s\n", verbs[i].group);
        fprintf(out, "  %-12s %s\n", verbs[i].about->name, verbs[i].what);
    }
    fputs("\n", out);
    for (size_t i = 0; i < verb_option_count; i++)
        fprintf(out, "  %c%c%c %-9s  %s\n", verb_options[i].letter ? '-' : ' ',
                verb_options[i].letter ? verb_options[i].letter : ' ',
                verb_options[i].letter ? ',' : ' ', verb_options[i].name, verb_options[i].what);
    fputs("\n"
          "example:\n"
          "  memtrace run -o app.mt python3 mem_test.py && memtrace report app.mt\n\n"
          "  memtrace tree --help                      the options of tree\n"
          "  . <(memtrace completions bash)            completes them when Tab is pressed\n"
          "  export PYTHONPATH=$(memtrace --python)    %mprun, %%memtrace, pytest\n"
          "\n"
          "exit status: 0 done; 1 the answer is \"no\"; 2 wrong usage or unreadable input\n",
          out);
}
