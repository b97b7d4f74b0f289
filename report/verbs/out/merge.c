/* SPDX-License-Identifier: MIT
 *
 * memtrace merge: several logs as one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/target.h"
#include "base/text.h"
#include "merge/merge.h"
#include "read/reader.h"
#include "verbs/logs.h"
#include "verbs/out/made.h"
#include "verbs/verbs.h"

const struct verb_about verb_merge_about = {
    .name = "merge",
    .of = OF_MERGE,
    .several = true,
    .takes = "-o ALL.mt LOG",
    .intro =
        "Makes one log of the logs of many processes, from one machine or from many, which every "
        "verb reads. Native code is joined by build-id and offset, wherever it was loaded; Python "
        "code by file, function and line; threads by their names.\n\n"
        "All figures are sums. So the peak of the merged log is the sum of the processes' peaks, "
        "which need not have been at the same time, and what a line held at the peak is what it "
        "held in each process at that process's own peak. Rises are the highest of one process. "
        "Mem usage at a line, the curve over time, marks and periods are not kept.\n\n"
        "One log is open at a time: memory grows with the number of different stacks, not with "
        "that of the logs.\n",
    .end = "",
    .example = "memtrace merge -o all.mt /var/log/memtrace/",
};

bool made_may_be(const char *verb, const char *output)
{
    struct stat info;
    if (!output) {
        base_say("%s: -o LOG is missing: the log to write", verb);
        return false;
    }
    if (!strcmp(output, "-") || stat(output, &info))
        return true;
    if (S_ISREG(info.st_mode) && info.st_size && !log_is(output)) {
        base_say("%s: is no log: it is not overwritten", output);
        return false;
    }
    return true;
}

bool made_put(struct draft *draft, const char *output)
{
    struct target target;
    bool fits = true, good = target_open(&target, output, false);
    if (good)
        fits = draft_put(draft, target.out);
    if (!fits)
        base_say("%s: these are more stacks than a log can hold", output);
    return target_close(&target, good && fits) && good && fits;
}

/* Is the log that is to be written among those that are read? */
static bool is_among(const struct options *options)
{
    struct stat output, log;
    if (stat(options->output, &output))
        return false;
    for (size_t i = 0; i < options->log_count; i++)
        if (!stat(options->logs[i], &log) && log.st_dev == output.st_dev &&
            log.st_ino == output.st_ino) {
            base_say("merge: %s is among the logs to be merged", options->output);
            return true;
        }
    return false;
}

static int merge(const struct options *options)
{
    struct merge merge = {0};
    int status = STATUS_BAD;
    if (!made_may_be("merge", options->output) || is_among(options))
        return STATUS_BAD;
    logs_say_earlier(options->logs, options->log_count);
    for (size_t i = 0; i < options->log_count; i++)
        merge_log(&merge, options->logs[i]);
    merge_end(&merge);
    if (merge.logs && made_put(&merge.draft, options->output))
        status = merge.damaged ? STATUS_BAD : STATUS_DONE;
    if (merge.logs && status == STATUS_DONE && strcmp(options->output, "-") != 0) {
        char size[TEXT_SIZE_BYTES], logs[TEXT_COUNT_BYTES];
        base_say("%s log%s merged into %s; the sum of their peaks is %s",
                 text_count(logs, merge.logs), text_s(merge.logs), options->output,
                 text_size(size, (int64_t)merge.draft.header.peak));
    }
    merge_free(&merge);
    return status;
}

int verb_merge(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_merge_about, argc, argv);
    if (status == STATUS_DONE)
        status = merge(&options);
    options_free(&options);
    return status;
}
