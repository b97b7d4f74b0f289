/* SPDX-License-Identifier: MIT
 *
 * memtrace export: logs in other programs' formats.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/map.h"
#include "base/target.h"
#include "export/formats.h"
#include "export/prune.h"
#include "fold/family.h"
#include "read/reader.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_export_about = {
    .name = "export",
    .of = OF_EXPORT,
    .several = true,
    .takes = "--format FORMAT LOG",
    .intro =
        "Writes what a log has in the format of another program, to standard output or to FILE. "
        "Stacks are whole: native and Python frames, inlined calls, libraries.\n\n"
        "Several logs, or a folder of them, become one file in which each process has a root frame "
        "or a label; heaptrack and massif hold one process only, and with %p in FILE's name there "
        "is one for each.\n",
    .end = "",
    .example = "memtrace export --format pprof -o app.pb.gz memtrace.app.4711.mt",
};

/* What is being written. */
struct exporting {
    const struct options *options;
    const struct export_format *format;
    const char *output; /* "-": standard output */
    struct export_asked asked;
    struct profile profile;
    struct target target;
    bool opened;                   /* the target is */
    bool any;                      /* a log was written, or added */
    struct stacks_several several; /* of the file's logs */
    int status;
};

static void bad(struct exporting *e)
{
    e->status = STATUS_BAD;
}

/* ---- what may be asked ---- */

static bool lacks(const struct exporting *e, bool asked, unsigned has, const char *what)
{
    bool missing = asked && !(e->format->has & has);
    if (missing)
        base_say("export: %s with --format %s: this format has no such thing", what,
                 e->format->name);
    return missing;
}

static const struct export_format *format_of(const struct options *options)
{
    if (!options->format) {
        base_say("export: which --format? 'memtrace export --list' has them");
        return NULL;
    }
    const struct export_format *format = export_format_named(options->format);
    if ((format->has & FORMAT_PROTOBUF) && !export_protobuf) {
        base_say("export: %s: this memtrace was built without it: protobuf-c could not be had then",
                 format->name);
        return NULL;
    }
    return format;
}

static bool is_filtered(const struct options *options)
{
    const struct filter *f = &options->filter;
    return f->thread || f->function || f->file || f->module || f->classes || options->under ||
           options->periods.first || options->periods.last != UINT32_MAX;
}

/* Of whole processes, which know no filter. */
static bool whole_only(const struct exporting *e)
{
    return (e->format->has & FORMAT_TABLES) &&
           (e->asked.table == TABLE_LOGS || e->asked.table == TABLE_TIMELINE);
}

static bool may(struct exporting *e)
{
    const struct options *options = e->options;
    if (lacks(e, options->metric != METRICS, FORMAT_METRIC, "--metric") ||
        lacks(e, options->threads, FORMAT_THREADS, "--threads") ||
        lacks(e, options->table, FORMAT_TABLES, "--table") ||
        lacks(e, options->top != OPTION_UNSET, FORMAT_PRUNED, "--top") ||
        lacks(e, options->min_share >= 0, FORMAT_PRUNED | FORMAT_SHARE, "--min-share"))
        return false;
    if (whole_only(e) && e->asked.filtered) {
        base_say("export: this table is of whole processes: no filter can be given with it");
        return false;
    }
    const char *output = e->output;
    if (!strcmp(output, "-") && (e->format->has & FORMAT_BINARY) && isatty(STDOUT_FILENO)) {
        base_say("export: %s is binary, and standard output is a terminal: -o FILE, or a pipe",
                 e->format->name);
        return false;
    }
    if (strcmp(output, "-") && log_is(output)) {
        base_say("%s: is a log: it is not overwritten", output);
        return false;
    }
    return true;
}

/* ---- the logs ---- */

/* Is there a file for each log? */
static bool apart(const struct exporting *e)
{
    return !(e->format->has & FORMAT_SEVERAL) && strstr(e->output, "%p");
}

/* Leaves those of --process, and says if several are too many. */
static bool choose_logs(struct exporting *e, struct options *options)
{
    struct family family;
    size_t kept = 0;
    if (options->process) {
        family_make(&family, options->logs, options->log_count);
        for (size_t i = 0; i < options->log_count; i++) {
            bool wanted = family.members[i].pid == options->process;
            if (wanted)
                options->logs[kept++] = options->logs[i];
            else
                free(options->logs[i]);
        }
        family_free(&family);
        options->log_count = kept;
        if (!kept)
            base_say("--process %d: none of these logs is of this process", options->process);
        if (!kept)
            e->status = STATUS_NO;
    }
    if (options->log_count > 1 && !(e->format->has & FORMAT_SEVERAL) && !apart(e)) {
        base_say("export: %s holds one process, and these are %zu logs; --process PID says which, "
                 "or -o with %%p in the name writes a file for each",
                 e->format->name, options->log_count);
        bad(e);
    }
    if (e->status == STATUS_DONE)
        logs_say_earlier(options->logs, options->log_count);
    return e->status == STATUS_DONE;
}

static bool is_packed(const struct exporting *e)
{
    size_t length = strlen(e->output);
    return length > 3 && !strcmp(e->output + length - 3, ".gz");
}

static bool open_target(struct exporting *e)
{
    if (!e->opened) {
        e->opened = true;
        if (!target_open(&e->target, e->output, !(e->format->has & FORMAT_PACKED) && is_packed(e)))
            bad(e);
    }
    return e->target.out != NULL;
}

static void take_log(struct exporting *e, const char *name)
{
    struct stacks stacks;
    bool open = stacks_open_under(&stacks, name, e->options->periods, e->options->under);
    if (open && e->format->put)
        profile_add(&e->profile, &stacks, &e->options->filter);
    else if (open && open_target(e) &&
             !e->format->put_log(e->target.out, &stacks, &e->asked, !e->any))
        bad(e);
    e->any |= open;
    stacks_several_add(&e->several, &stacks);
    stacks_close(&stacks);
}

/* Tables of whole processes need no names, so none are looked up. */
static void take_nameless(struct exporting *e, const char *name)
{
    struct stacks stacks = {0};
    bool open = log_read(&stacks.log, name);
    if (open) {
        stacks.running = log_running(&stacks.log);
        model_make(&stacks.model, &stacks.log, ALL_PERIODS);
    }
    stacks.damaged = log_say_problems(&stacks.log);
    if (open && open_target(e) && !e->format->put_log(e->target.out, &stacks, &e->asked, !e->any))
        bad(e);
    e->any |= open;
    if (stacks.damaged)
        bad(e);
    model_free(&stacks.model);
    log_close(&stacks.log);
}

static unsigned how_of(const struct exporting *e)
{
    unsigned how = e->format->how;
    if (e->options->log_count > 1 && (e->format->has & FORMAT_SEVERAL))
        how |= PROFILE_PROCESSES | PROFILE_PIDS;
    return how | (e->options->threads ? PROFILE_THREADS : 0);
}

static void put_profile(struct exporting *e)
{
    enum figure figure = figure_of(e->asked.metric);
    struct pruning pruning = {.figures = e->format->figures && e->asked.metric == METRICS
                                             ? e->format->figures
                                             : 1u << figure,
                              .named = figure == FIGURE_ALLOCATIONS ? FIGURE_ALLOCATED : figure,
                              .least = e->asked.min_share > 0 ? e->asked.min_share : 0,
                              .top = e->asked.top};
    profile_end(&e->profile);
    if (e->format->has & FORMAT_PRUNED)
        prune(&e->profile, &pruning);
    uint64_t frames = e->format->has & FORMAT_LISTS ? profile_frames(&e->profile) : 0;
    if (frames > PROFILE_FRAMES_MOST) {
        base_say("export: %s lists each stack, and these have %" PRIu64
                 " frames, more than %u; --top or --min-share folds the small ones",
                 e->format->name, frames, PROFILE_FRAMES_MOST);
        bad(e);
        e->any = false;
        return;
    }
    if (open_target(e) && !e->format->put(e->target.out, &e->profile, &e->asked))
        bad(e);
}

/* Whether standard output took it all; a pipe whose reader has gone is an error here, as half a file is of no use. */
static void check_pipe(struct exporting *e)
{
    if (e->target.out == stdout && target_error(stdout) == EPIPE) {
        base_say("standard output: %s", strerror(EPIPE));
        bad(e);
    }
}

/* Of logs[0..count) one file. */
static void export_file(struct exporting *e, char *const *logs, size_t count)
{
    profile_begin(&e->profile, how_of(e));
    e->several = (struct stacks_several){0};
    for (size_t i = 0; i < count; i++)
        if (whole_only(e))
            take_nameless(e, logs[i]);
        else
            take_log(e, logs[i]);
    int read = stacks_several_status(&e->several);
    e->status = read > e->status ? read : e->status;
    if (e->any && e->format->put)
        put_profile(e);
    check_pipe(e);
    bool whole = e->any && e->opened && e->target.out;
    if (e->opened && !target_close(&e->target, whole))
        bad(e);
    profile_free(&e->profile);
    e->opened = e->any = false;
}

/* A file for each log: in its name %p becomes the pid, and a pid that comes again, after an exec, gets a number. */
static void export_each(struct exporting *e, const struct options *options)
{
    struct strings names = {0};
    struct family family;
    family_make(&family, options->logs, options->log_count);
    for (size_t i = 0; i < options->log_count; i++) {
        const char *place = strstr(e->options->output, "%p");
        char *name = NULL;
        int front = (int)(place - e->options->output);
        size_t known = names.count;
        for (unsigned again = 1; names.count == known; again++) {
            char number[24] = "";
            free(name);
            if (again > 1)
                snprintf(number, sizeof number, ".%u", again);
            if (asprintf(&name, "%.*s%" PRId32 "%s%s", front, e->options->output,
                         family.members[i].pid, number, place + 2) < 0)
                name = base_copy(e->options->output, strlen(e->options->output));
            strings_add(&names, name, strlen(name));
        }
        e->output = name;
        if (may(e))
            export_file(e, options->logs + i, 1);
        else
            bad(e);
        free(name);
    }
    family_free(&family);
    strings_free(&names);
}

static int export(struct options *options)
{
    struct exporting e = {.options = options,
                          .format = format_of(options),
                          .output = options->output ? options->output : "-"};
    e.asked = (struct export_asked){.metric = options->metric,
                                    .table = export_table_named(options->table),
                                    .filter = options->filter,
                                    .filtered = is_filtered(options),
                                    .min_share = options->min_share,
                                    .top = options_top(options, 0)};
    if (!e.format || !may(&e))
        return STATUS_BAD;
    if (!choose_logs(&e, options))
        return e.status;
    signal(SIGPIPE, SIG_IGN);
    if (apart(&e))
        export_each(&e, options);
    else
        export_file(&e, options->logs, options->log_count);
    return e.status;
}

int verb_export(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_export_about, argc, argv);
    if (status == STATUS_DONE && options.list)
        export_formats_print(stdout);
    else if (status == STATUS_DONE)
        status = export(&options);
    options_free(&options);
    return status;
}
