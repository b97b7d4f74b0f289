/* SPDX-License-Identifier: MIT
 *
 * memtrace timeline: the level and the resident set over time.
 */
#include "base/base.h"
#include "read/model.h"
#include "read/reader.h"
#include "show/family.h"
#include "show/row_json.h"
#include "show/timeline.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_timeline_about = {
    .name = "timeline",
    .of = OF_TIMELINE,
    .several = true,
    .intro = "The level (live bytes of the process) and the resident set over time, as curves as "
             "wide as the terminal,\n"
             "with the peak, the periods and the marks below. The log keeps up to 512 samples, "
             "evenly over the run,\n"
             "and the highest level between each two.\n\n"
             "Of several logs, or a folder of them, first the tree of the processes, then the "
             "curves of all together\n"
             "and a small one of each; with --each or --process PID the curves of each.\n",
    .end = "",
    .example = "memtrace timeline --csv memtrace.python3.4711.mt > timeline.csv",
};

static void show(const struct log *log, const struct log_shown *shown)
{
    struct json *json = shown->json;
    if (shown->options->csv) {
        timeline_csv(log, stdout);
    } else if (json) {
        json_open(json, NULL, '{');
        json_cstring(json, "schema", "memtrace-timeline/1");
        json_process(log, json);
        if (shown->family)
            family_json(shown->family, shown->index, json);
        timeline_json(log, json);
        json_close(json, '}');
    } else {
        timeline_print(log, stdout);
    }
}

/* A log that no process wrote may have no curve. */
static bool has_curve(const struct log *log, const struct options *options)
{
    if (log->header.origin == LOG_OF_PROCESS || log->sample_count || options->json || options->csv)
        return true;
    base_say("%s: has no curve over time: it was %s", log->name,
             log->header.origin == LOG_MERGED ? "merged out of several logs, which have"
                                              : "imported from a file without one");
    return false;
}

/* No names are needed, so none are looked up. */
static int timeline_one(const struct log_shown *shown)
{
    struct log log = {0};
    struct model model = {0};
    bool read = log_read(&log, shown->file);
    if (read)
        model_make(&model, &log, ALL_PERIODS);
    bool damaged = log_say_problems(&log);
    bool absent = read && !has_curve(&log, shown->options);
    if (read && !absent)
        show(&log, shown);
    model_free(&model);
    log_close(&log);
    return damaged ? STATUS_BAD : absent ? STATUS_NO : STATUS_DONE;
}

/* Of all processes. */
static int timeline_whole(const struct options *options)
{
    struct family family;
    struct course course = {0};
    bool damaged = false;
    family_make(&family, options->logs, options->log_count);
    for (size_t i = 0; i < options->log_count; i++) {
        struct log log = {0};
        struct model model = {0};
        if (log_read(&log, options->logs[i])) {
            model_make(&model, &log, ALL_PERIODS);
            course_add(&course, &log);
        }
        damaged |= log_say_problems(&log);
        model_free(&model);
        log_close(&log);
    }
    course_end(&course);
    if (options->csv) {
        timeline_csv(&course.all, stdout);
    } else if (options->json) {
        struct json json = {.out = stdout};
        json_open(&json, NULL, '{');
        json_cstring(&json, "schema", "memtrace-timeline/1");
        together_json_processes(&family, &json);
        timeline_json(&course.all, &json);
        json_close(&json, '}');
    } else if (family.total.processes) {
        family_print(&family, stdout);
        timeline_print_course(&course, stdout);
    }
    course_free(&course);
    family_free(&family);
    return damaged ? STATUS_BAD : STATUS_DONE;
}

int verb_timeline(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_timeline_about, argc, argv);
    if (status == STATUS_DONE && options.csv && options.json) {
        base_say("timeline: --csv or --json, not both");
        status = STATUS_BAD;
    }
    if (status == STATUS_DONE && options.csv && options.each && options.log_count > 1 &&
        !options.process) {
        base_say("timeline: --csv is one table; --process PID says of which process");
        status = STATUS_BAD;
    }
    if (status == STATUS_DONE)
        status = together_asked(&options) ? timeline_whole(&options)
                                          : logs_each(&options, true, timeline_one);
    options_free(&options);
    return status;
}
