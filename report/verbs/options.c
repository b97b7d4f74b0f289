/* SPDX-License-Identifier: MIT */
#include "verbs/options.h"

#include "base/text.h"
#include "export/formats.h"
#include "push/servers.h"
#include "resolve/frames.h"

#define ROWS (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML | OF_DIFF)
#define TABLES                                                                                     \
    (OF_REPORT | OF_LINES | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML | OF_DIFF | OF_EXPORT | OF_PUSH)
#define STACKS   (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML | OF_DIFF | OF_EXPORT | OF_PUSH)
#define FAMILIES (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_TIMELINE | OF_HTML | OF_EXPORT)
#define ALL      (TABLES | OF_TIMELINE | OF_TOP)
#define CHECKS   (OF_CHECK | OF_RUN)
#define UNDER    (OF_REPORT | OF_LINES | OF_TREE | OF_HTML | OF_DIFF | OF_EXPORT | OF_PUSH)

#define NAME(verb, name) [__builtin_ctz(verb)] = name
const char *const option_verbs[OPTION_VERBS] = {
    NAME(OF_REPORT, "report"), NAME(OF_LINES, "lines"),   NAME(OF_SITES, "sites"),
    NAME(OF_TREE, "tree"),     NAME(OF_LEAKS, "leaks"),   NAME(OF_TIMELINE, "timeline"),
    NAME(OF_HTML, "html"),     NAME(OF_TOP, "top"),       NAME(OF_RUN, "run"),
    NAME(OF_MEMIT, "memit"),   NAME(OF_KERNEL, "kernel"), NAME(OF_DIFF, "diff"),
    NAME(OF_CHECK, "check"),   NAME(OF_BENCH, "bench"),   NAME(OF_EXPORT, "export"),
    NAME(OF_WHY, "why"),       NAME(OF_MERGE, "merge"),   NAME(OF_IMPORT, "import"),
    NAME(OF_PACK, "pack"),     NAME(OF_PUSH, "push")};

/* ---- the options ---- */

#define FLAG(member) offsetof(struct options, member)

static void act_shims(void)
{
    frames_shims = true;
}

const struct option_about option_abouts[] = {
    {"output", 'o', OF_RUN, "LOG", NULL, FLAG(output), NULL, NULL,
     "name of the log; %p becomes the pid, %e the program's name. A log of that name is replaced; "
     "a folder, or a file that is no log, is refused. Children add a number. Without it: "
     "memtrace.%e.%p.mt in the working folder"},
    {"lines", 'f', OF_RUN, "NAME", take_name, 0, NULL, NULL,
     "count every execution of each line of this Python function: FUNCTION, CLASS.METHOD, "
     "MODULE.FUNCTION, FILE or FILE:FUNCTION. May be given several times"},
    {"min-peak", 0, OF_RUN, "SIZE", NULL, FLAG(min_peak), NULL, NULL,
     "processes whose peak stays below leave no log. Without it: 1M for children; the program "
     "itself always leaves one. 0: every process leaves one"},
    {"repeat", 'r', OF_MEMIT, "N", take_repeat, 0, NULL, NULL, "how often (1); the highest counts"},
    {"repeat", 'r', OF_BENCH, "N", take_repeat, 0, NULL, NULL, "how often (10)"},
    {"show-output", 0, OF_BENCH, NULL, NULL, FLAG(show_output), NULL, NULL,
     "what the program says is seen, and it reads what memtrace is given; else both are /dev/null"},
    {"timeout", 't', OF_MEMIT | OF_BENCH, "SECONDS", take_timeout, 0, NULL, NULL,
     "kill a run that takes longer"},
    {"children", 'c', OF_MEMIT, NULL, NULL, FLAG(children), NULL, NULL,
     "add the peaks of the program's children"},
    {"children", 'c', OF_BENCH, NULL, NULL, FLAG(children), NULL, NULL,
     "add what the program's children take"},
    {"user", 0, OF_KERNEL, NULL, NULL, FLAG(user), NULL, NULL, "for this user (the default)"},
    {"prefix", 0, OF_KERNEL, "DIR", NULL, FLAG(prefix), NULL, NULL,
     "in DIR/share/jupyter, such as a virtual environment's folder"},
    {"name", 0, OF_KERNEL, "NAME", NULL, FLAG(name), NULL, NULL,
     "the kernel's name (memtrace): letters, digits, \".\", \"-\" and \"_\""},
    {"python", 0, OF_KERNEL, "PROGRAM", NULL, FLAG(python), NULL, NULL,
     "its Python, which must have ipykernel (python3)"},
    {"output", 'o', OF_KERNEL, "LOG", NULL, FLAG(output), NULL, NULL,
     "name of the kernels' logs; %p becomes the pid, %e the program's name. Without it: "
     "memtrace.%e.%p.mt in the notebook's folder"},
    {"output", 'o', OF_HTML, "FILE", NULL, FLAG(output), NULL, NULL,
     "the file to write; - is standard output"},
    {"format", 0, OF_EXPORT, "FORMAT", NULL, FLAG(format), NULL, export_format_names,
     "which format; --list has them"},
    {"list", 0, OF_EXPORT, NULL, NULL, FLAG(list), NULL, NULL,
     "print the formats, with a line on each"},
    {"output", 'o', OF_EXPORT, "FILE", NULL, FLAG(output), NULL, NULL,
     "the file to write, in gzip if its name ends in .gz; without it, or with -, standard output. "
     "It is whole or not there. Of several logs, formats that hold one process need %p in it, "
     "which "
     "becomes the pid. A log is not overwritten"},
    {"output", 'o', OF_PACK, "FILE", NULL, FLAG(output), NULL, NULL,
     "the file to write; without it, the log's name with z behind it. It is whole or not there"},
    {"no-source", 0, OF_PACK, NULL, NULL, FLAG(no_source), NULL, NULL,
     "leave the text of source files out"},
    {"output", 'o', OF_MERGE | OF_IMPORT, "LOG", NULL, FLAG(output), NULL, NULL,
     "the log to write; a log of that name is replaced, what is no log is refused. It is whole or "
     "not there. - is standard output"},
    {"table", 0, OF_EXPORT, "TABLE", NULL, FLAG(table), NULL, export_table_names,
     "of csv and ndjson: logs, sites (the default), lines or timeline"},
    {"threads", 0, OF_EXPORT, NULL, NULL, FLAG(threads), NULL, NULL,
     "keep threads apart: by a root frame, or a label, with the thread's name"},
    {"to", 0, OF_PUSH, "SERVER", NULL, FLAG(to), NULL, push_server_names,
     "what kind of server it is: pyroscope, parca or otlp (an OpenTelemetry collector)"},
    {"service", 0, OF_PUSH, "NAME", NULL, FLAG(service), NULL, NULL,
     "the service's name; without it the program's, or the script's"},
    {"label", 0, OF_PUSH, "NAME=VALUE", take_label, 0, NULL, NULL,
     "send this along, such as env=test; may be given up to 25 times"},
    {"tenant", 0, OF_PUSH, "NAME", NULL, FLAG(tenant), NULL, NULL,
     "whose profiles they are, where a server has several tenants (the header X-Scope-OrgID)"},
    {"header", 0, OF_PUSH, "HEADER", take_header, 0, NULL, NULL,
     "send this header, too, NAME: VALUE; may be given several times"},
    {"time", 0, OF_PUSH, "TIME", NULL, FLAG(time), NULL, values_push_times,
     "which time the profiles are of: end, when the process ended (the default), or now. Pyroscope "
     "drops what is older than an hour"},
    {"retries", 0, OF_PUSH, "N", take_retries, 0, NULL, NULL,
     "how often a request that failed is tried again (4)"},
    {"timeout", 't', OF_PUSH, "SECONDS", take_timeout, 0, NULL, NULL,
     "give up a request that takes longer (60)"},
    {"dry-run", 0, OF_PUSH, NULL, NULL, FLAG(dry_run), NULL, NULL,
     "send nothing; print what would be sent"},
    {"diff", 0, OF_HTML, NULL, NULL, FLAG(diff), NULL, NULL,
     "what changed between two logs, OLD and NEW, or OLD... -- NEW..., as memtrace diff takes and "
     "matches them"},
    {"source", 0, OF_HTML, "WHICH", take_source, 0, NULL, values_page_sources,
     "how much source the page carries: none, lines (those with figures, and six on each side; the "
     "default) or functions (all of them)"},
    {"redact", 0, OF_HTML, NULL, NULL, FLAG(redact), NULL, NULL,
     "leave out what others should not see: the program's arguments, source, and home folders in "
     "paths"},
    {"budget", 0, OF_HTML, "KB", take_budget, 0, NULL, NULL,
     "fold until all data take at most so many kB of the file (1000)"},
    {"force", 0, OF_HTML, NULL, NULL, FLAG(force), NULL, NULL,
     "overwrite FILE even if it is no such page"},
    {"metric", 0, OF_REPORT | OF_LINES, "METRIC", take_metric, 0, NULL, values_metrics,
     "which figure rows are ranked by and share in: peak (held at the process's peak), live (when "
     "the program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, releases, increment (allocated less released), rise, temporary (blocks that the "
     "thread which allocated them gave back within its next 8 events), slack (what blocks that "
     "were live when the program finished could hold beyond what was asked for), resident, "
     "discarded, usage or executions"},
    {"metric", 0, OF_SITES | OF_TREE | OF_TOP | OF_DIFF, "METRIC", take_stack_metric, 0, NULL,
     values_stack_metrics,
     "which figure rows are ranked by and share in: peak (held at the process's peak), live (when "
     "the program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, releases, increment (allocated less released), rise, temporary (blocks that the "
     "thread which allocated them gave back within its next 8 events), slack (what blocks that "
     "were live when the program finished could hold beyond what was asked for) or resident"},
    {"metric", 0, OF_LEAKS, "METRIC", take_leak_metric, 0, NULL, values_leak_metrics,
     "which figure: leaked (left after all destructors) or live (when the program finished, or "
     "now)"},
    {"metric", 0, OF_HTML, "METRIC", take_page_metric, 0, NULL, values_page_metrics,
     "which figure the page begins with: peak (held at the process's peak), live (when the "
     "program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, temporary (blocks that the thread which allocated them gave back within its next "
     "8 events) or slack (what blocks that were live when the program finished could hold beyond "
     "what was asked for); it has the others, too"},
    {"metric", 0, OF_EXPORT, "METRIC", take_export_metric, 0, NULL, values_export_metrics,
     "which figure, where the format has one, or which it begins with: peak (held at the process's "
     "peak; the default), live (when the program finished, or now), leaked (after all "
     "destructors), "
     "allocated, allocations or released"},
    {"sort", 0, OF_REPORT | OF_LINES, "METRIC", take_metric, 0, NULL, values_metrics,
     "another name of --metric"},
    {"sort", 0, OF_SITES, "METRIC", take_stack_metric, 0, NULL, values_stack_metrics,
     "another name of --metric"},
    {"by", 0, OF_REPORT, "KEY", take_report_key, 0, NULL, values_report_keys,
     "what a row stands for: line, function, file, module, thread or class"},
    {"by", 0, OF_DIFF, "KEY", take_diff_key, 0, NULL, values_diff_keys,
     "what a row stands for: line, function, site (a call site, with its stack) or module"},
    {"fail-above", 0, OF_DIFF, "LIMIT", take_fail_above, 0, NULL, NULL,
     "exit status 1 if the total has grown by more than this: per cent, such as 5%, or a size, "
     "such as 1M; of a "
     "metric that does not add up, if a row has"},
    {"by", 0, OF_TREE, "KEY", take_tree_key, 0, NULL, values_tree_keys,
     "what a row stands for: line or function"},
    {"view", 0, OF_TOP, "VIEW", take_view, 0, NULL, values_top_views,
     "begin with lines (the default), functions, sites, threads, modules or tree"},
    {"delay", 'd', OF_TOP, "SECONDS", take_delay, 0, NULL, NULL,
     "between readings (1); a large log is read less often"},
    {"once", 0, OF_TOP, NULL, NULL, FLAG(once), NULL, NULL,
     "print one screen as text, as wide as the terminal (or COLUMNS) and LINES (24) high"},
    {"own", 0, OF_REPORT, NULL, NULL, FLAG(own), NULL, NULL,
     "rows ranked by what each allocated itself or by way of runtimes, not by what its calls "
     "did: own figures add up"},
    {"inverted", 'i', OF_TREE, NULL, NULL, FLAG(inverted), NULL, NULL,
     "what allocated on top, its callers below"},
    {"depth", 0, OF_TREE, "N", take_depth, 0, NULL, NULL, "no deeper than N rows below the root"},
    {"check", 0, OF_RUN, NULL, NULL, FLAG(check), NULL, NULL,
     "afterwards, check its log and those of its children, as memtrace check does; the options "
     "from --max-peak "
     "to --suppress are for that. The exit status is the program's, or else the check's"},
    {"max-peak", 0, CHECKS, "SIZE", take_max, 0, NULL, NULL,
     "the most that a process may hold at its peak"},
    {"max-live", 0, CHECKS, "SIZE", take_max, 0, NULL, NULL,
     "the most that may be live when the program finished"},
    {"max-leaked", 0, CHECKS, "SIZE", take_max, 0, NULL, NULL,
     "the most that may never be given back, as memtrace leaks counts it: without what is known to "
     "stay"},
    {"max-allocated", 0, CHECKS, "SIZE", take_max, 0, NULL, NULL,
     "the most bytes that may be allocated in all"},
    {"max-allocations", 0, CHECKS, "N", take_max, 0, NULL, NULL,
     "the most allocations, such as 1e6"},
    {"budgets", 0, CHECKS, "FILE", NULL, FLAG(budgets), NULL, NULL,
     "budgets by program, function and line, in TOML"},
    {"allow-missing", 0, CHECKS, NULL, NULL, FLAG(allow_missing), NULL, NULL,
     "a function, file or line of --budgets that is in none of the logs is no error"},
    {"baseline", 0, CHECKS, "OLD", take_baseline, 0, NULL, NULL,
     "an earlier run: a log, or a folder of a family's logs. May be given several times, for "
     "several runs; all logs that "
     "are checked are then the runs that are compared with these"},
    {"max-growth", 0, CHECKS, "PERCENT", take_max_growth, 0, NULL, NULL,
     "with --baseline: how much the peak may have grown; with --save: what is added to what was "
     "measured (5%)"},
    {"metric", 0, CHECKS, "METRIC", take_adding_metric, 0, NULL, values_adding_metrics,
     "with --baseline: what may grow by --max-growth: peak, live, leaked, allocated or "
     "allocations"},
    {"save", 0, CHECKS, "FILE", NULL, FLAG(save), NULL, NULL,
     "write what these logs took as a file of budgets"},
    {"force", 0, CHECKS, NULL, NULL, FLAG(force), NULL, NULL,
     "--save replaces a file that --save has not written"},
    {"format", 0, CHECKS, "FORMAT", take_format, 0, NULL, values_formats,
     "text, github (annotations at the lines), junit, sarif or json"},
    {"function", 'f', OF_LINES, "NAME", take_name, 0, NULL, NULL,
     "the table of this function, FILE or FILE:FUNCTION; a glob of functions; may be given several "
     "times"},
    {"function", 0, STACKS, "GLOB", NULL, FLAG(filter.function), NULL, NULL,
     "only stacks that go through such a function"},
    {"file", 0, TABLES, "GLOB", NULL, FLAG(filter.file), NULL, NULL,
     "only stacks that go through such a source file: its path, or the last part of it. Function, "
     "file and module must match at one frame"},
    {"module", 0, TABLES, "GLOB", NULL, FLAG(filter.module), NULL, NULL,
     "only stacks that go through such a program or library"},
    {"thread", 0, TABLES, "GLOB", NULL, FLAG(filter.thread), NULL, NULL,
     "only threads of such a name"},
    {"class", 0, TABLES, "CLASS[,...]", take_class, 0, NULL, values_classes,
     "only memory of these classes: heap, anonymous, shared, file, reserved (else the first three, "
     "which make up the level). Rises are of the level: there are none with this option"},
    {"period", 0, TABLES, "N[-M]", take_period, 0, NULL, NULL,
     "only what happened in these periods of the process, where the program made some"},
    {"under", 0, UNDER, "FUNCTION", NULL, FLAG(under), NULL, NULL,
     "only what happened under calls of this function, or FILE:FUNCTION, without the frames "
     "further out. Executions are not known then"},
    {"process", 0, FAMILIES | OF_WHY, "PID", take_process, 0, NULL, NULL,
     "of several logs only those of this process"},
    {"each", 0, FAMILIES & ~OF_EXPORT, NULL, NULL, FLAG(each), NULL, NULL,
     "of several logs each process by itself, not all as one"},
    {"top", 'n', OF_EXPORT | OF_PUSH, "N", take_top, 0, NULL, NULL,
     "at most N stacks; the others are folded into frames \"(below N bytes)\". 0: all"},
    {"min-share", 0, OF_EXPORT | OF_PUSH, "PERCENT", take_share, 0, NULL, NULL,
     "fold what comes to less than this share of the whole, likewise"},
    {"top", 'n', OF_WHY, "N", take_top, 0, NULL, NULL, "at most N pieces of advice; 0: all"},
    {"top", 'n', ROWS & ~OF_HTML, "N", take_top, 0, NULL, NULL,
     "at most N rows; 0: all. Of a tree: below each row"},
    {"min-share", 0, ROWS | OF_LINES, "PERCENT", take_share, 0, NULL, NULL,
     "leave out rows of less than this share of the whole; what is left out is summed up in a row "
     "of its own"},
    {"all", 'a', (TABLES & ~(OF_HTML | OF_EXPORT | OF_PUSH)) | OF_TOP, NULL, NULL, FLAG(all), NULL,
     NULL,
     "libraries and the interpreter too, not only your own code; rows that show nothing (0.0 %); "
     "of functions all lines"},
    {"suppress", 0, OF_LEAKS | CHECKS, "FILE", take_suppress, 0, NULL, NULL,
     "leave out what the lines of FILE name, in LeakSanitizer's syntax: leak:PATTERN, where * "
     "stands for anything, ^ and $ for the beginning and the end of a function's, file's or "
     "module's name; # begins a comment. May be given several times"},
    {"fail", 0, OF_LEAKS, NULL, NULL, FLAG(fail), NULL, NULL,
     "exit status 1 if there is a leak, or if the log was full and there may be one"},
    {"mprun", 0, OF_LINES, NULL, NULL, FLAG(mprun), NULL, NULL,
     "memory_profiler's template: Mem usage, Increment, Occurrences, Line Contents. Occurrences "
     "are executions of the line for functions that were named with `memtrace run --lines`, "
     "allocations for others"},
    {"histogram", 0, OF_SITES, NULL, NULL, FLAG(histogram), NULL, NULL,
     "for each power of two, how many allocations of such a requested size there were"},
    {"precision", 0, OF_LINES, "N", take_precision, 0, NULL, NULL, "decimals with --mprun (1)"},
    {"bytes", 0, (ALL & ~(OF_HTML | OF_EXPORT | OF_PUSH)) | OF_MEMIT | OF_CHECK | OF_BENCH | OF_WHY,
     NULL, NULL, 0, text_sizes_exact, NULL, "exact sizes, such as 8,000,000 B for 7.63 MiB"},
    {"search", 0, TABLES | OF_TOP | OF_CHECK | OF_WHY | OF_PACK, "DIR", take_search, 0, NULL, NULL,
     "look below this folder, too, for programs and libraries that are gone, and for debug "
     "information; they are known by their build-ids. May be given up to 16 times"},
    {"sysroot", 0, TABLES | OF_TOP | OF_CHECK | OF_PACK | OF_WHY, "DIR", take_sysroot, 0, NULL,
     NULL,
     "look for programs and libraries that are gone at their paths below this folder, and for "
     "debug information in its usr/lib/debug; they are known by their build-ids"},
    {"source-map", 0, TABLES | OF_TOP | OF_PACK, "OLD=NEW", take_source_map, 0, NULL, NULL,
     "source files below the folder OLD are below NEW now. Their text counts whatever its time is; "
     "that of a Python file must be what ran. May be given up to 16 times"},
    {"shims", 0, TABLES | OF_TOP, NULL, NULL, 0, act_shims, NULL,
     "allocator shims too, such as operator new and xmalloc (memtrace --rules)"},
    {"csv", 0, OF_TIMELINE, NULL, NULL, FLAG(csv), NULL, NULL, "as comma-separated values"},
    {"json", 0,
     (ALL & ~(OF_HTML | OF_TOP | OF_EXPORT | OF_PUSH)) | OF_MEMIT | OF_CHECK | OF_BENCH | OF_WHY,
     NULL, NULL, FLAG(json), NULL, NULL, "as JSON (SCHEMA.md)"},
};

const size_t option_count = sizeof option_abouts / sizeof option_abouts[0];
_Static_assert(sizeof option_abouts / sizeof option_abouts[0] <= OPTIONS_MOST, "OPTIONS_MOST");
