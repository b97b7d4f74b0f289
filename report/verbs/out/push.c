/* SPDX-License-Identifier: MIT
 *
 * memtrace push: logs sent to a server of profiles.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "push/push.h"
#include "verbs/verbs.h"

#define RETRIES 4
#define TIMEOUT 60 /* seconds */

const struct verb_about verb_push_about = {
    .name = "push",
    .of = OF_PUSH,
    .several = true,
    .takes = "URL LOG",
    .intro =
        "Sends logs to a server of profiles, one by one: pprof to Pyroscope or Parca, OTLP "
        "(release "
        "1.10 of the protocol) to an OpenTelemetry collector. Which one it is the URL's path or "
        "port tells (4040, 7070, 4318), or else --to.\n\n"
        "What a server does not take is folded: the smallest stacks into frames \"(below N "
        "bytes)\", until it fits. That is said, and no sum changes by it.\n\n"
        "A connection that fails, and the answers 429 and 5xx, are tried again, after the time "
        "that "
        "the server asks for, or 1, 2, 4, ... seconds. Redirections are followed on the same "
        "host.\n",
    .end = "User and password are read from the URL, or from MEMTRACE_PUSH_USER and "
           "MEMTRACE_PUSH_PASSWORD; MEMTRACE_PUSH_TOKEN is a bearer's token. Neither they nor the "
           "values of headers are ever printed. But others on the machine can see what stands on a "
           "command line.\n",
    .example = "memtrace push --service shop --label env=test http://localhost:4040 app.mt",
};

static enum push_time time_asked(const char *word)
{
    return !word ? PUSH_TIME_ANY : !strcmp(word, "now") ? PUSH_TIME_NOW : PUSH_TIME_END;
}

static int push_logs(struct push *push, const struct options *options)
{
    int status = STATUS_DONE;
    for (size_t i = 1; i < options->log_count; i++) {
        struct stacks stacks;
        int one = STATUS_BAD;
        bool open = stacks_open_under(&stacks, options->logs[i], options->periods, options->under);
        /* Others would take what is left of it for the whole. */
        bool damaged = stacks.log.truncated || stacks.log.problem_count;
        if (damaged)
            base_say("%s: is damaged, and was not pushed", options->logs[i]);
        else if (open)
            one = push_log(push, &stacks, &options->filter);
        int read = stacks_status(&stacks);
        one = open && one > read ? one : read;
        status = one > status ? one : status;
        stacks_close(&stacks);
        size_t left = options->log_count - i - 1;
        if (push->hopeless && left) {
            char count[TEXT_COUNT_BYTES];
            base_say("push: %s more log%s not tried", text_count(count, left),
                     left == 1 ? " was" : "s were");
            break;
        }
    }
    return status;
}

static int push(const struct options *options)
{
    struct push_asked asked = {.url = options->logs[0],
                               .to = options->to,
                               .service = options->service,
                               .tenant = options->tenant,
                               .headers = options->headers,
                               .labels = options->labels,
                               .header_count = options->header_count,
                               .label_count = options->label_count,
                               .time = time_asked(options->time),
                               .retries =
                                   options->retries < 0 ? RETRIES : (unsigned)options->retries,
                               .timeout = options->timeout ? options->timeout : TIMEOUT,
                               .dry_run = options->dry_run,
                               .top = options_top(options, 0),
                               .min_share = options->min_share};
    struct push push;
    int status = STATUS_BAD;
    if (options->log_count < 2) {
        base_say("push: which server, and which log?");
        return verb_usage("push");
    }
    signal(SIGPIPE, SIG_IGN); /* a server may hang up */
    if (push_begin(&push, &asked))
        status = push_logs(&push, options);
    push_end(&push);
    return status;
}

int verb_push(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_push_about, argc, argv);
    if (status == STATUS_DONE)
        status = push(&options);
    options_free(&options);
    return status;
}
