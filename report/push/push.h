/* SPDX-License-Identifier: MIT
 *
 * Sends logs to a server of profiles: Pyroscope, Parca, or an OpenTelemetry collector. One log is in memory at a time.
 *
 *     struct push push;
 *     if (push_begin(&push, &asked))
 *         push_log(&push, &stacks, &filter);       of each log
 *     push_end(&push);
 */
#ifndef PUSH_H
#define PUSH_H

#include "export/prune.h"
#include "push/address.h"
#include "push/servers.h"

/* Which instant a profile is of. */
enum push_time { PUSH_TIME_ANY, PUSH_TIME_NOW, PUSH_TIME_END };

/* What a person wants. All texts are the caller's and outlive the push. */
struct push_asked {
    const char *url;
    const char *to;             /* a word of push_server_names; NULL: by the URL */
    const char *service;        /* NULL: the program's name */
    const char *tenant;         /* NULL: none */
    const char *const *headers; /* "NAME: VALUE" */
    const char *const *labels;  /* "NAME=VALUE" */
    size_t header_count, label_count;
    enum push_time time;
    unsigned retries; /* of a request that failed */
    long timeout;     /* of one request, seconds */
    bool dry_run;     /* print what would be sent, on standard output */
    size_t top;       /* stacks; SIZE_MAX: as many as the server takes */
    double min_share; /* per cent; less than 0: not given */
};

struct push {
    const struct push_asked *asked;
    struct address address;
    const struct push_server *server;
    struct export_label *labels;
    size_t label_count;
    const char *user, *password, *token; /* NULL: none; never printed */
    bool hopeless; /* the server can't be reached or refuses us: so it would the next log */
};

/* False after a message: the push can't be, whatever the logs are: libcurl is not here, or something that was asked for does not fit
 * together. Nothing is sent. push_end in any case. */
bool push_begin(struct push *push, const struct push_asked *asked);
/* Sends what the filter leaves of one log; says on standard error what became of it. An exit status. Sleeps between retries. */
int push_log(struct push *push, const struct stacks *stacks, const struct filter *filter);
void push_end(struct push *push);

#endif
