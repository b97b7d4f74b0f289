/* SPDX-License-Identifier: MIT */
#include "push/push.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/base.h"
#include "base/text.h"
#include "push/curl.h"
#include "push/fit.h"
#include "push/send.h"

#define LABELS_MOST 25u /* Pyroscope takes 30, with its own */

/* ---- what was asked for ---- */

static bool choose_server(struct push *push)
{
    const char *to = push->asked->to;
    push->server = to ? push_server_named(to) : push_server_at(&push->address);
    if (push->server)
        return true;
    if (!strcmp(push->address.port, "4317"))
        base_say("push: 4317 is the port of OTLP over gRPC; memtrace sends it by HTTP, the port of "
                 "which is 4318");
    else
        base_say("push: which server is this? --to pyroscope, parca or otlp");
    return false;
}

static bool read_address(struct push *push)
{
    if (!address_parse(&push->address, push->asked->url)) {
        base_say("push: the first argument is the server's address, http://HOST:PORT or "
                 "https://HOST:PORT, and this is none");
        return false;
    }
    push->user = push->address.user ? push->address.user : getenv("MEMTRACE_PUSH_USER");
    push->password = push->address.user ? push->address.password : getenv("MEMTRACE_PUSH_PASSWORD");
    push->token = push->user ? NULL : getenv("MEMTRACE_PUSH_TOKEN");
    return true;
}

/* Header names that a person may not set, as they say what the body is. */
static bool is_ours(const char *header, size_t length)
{
    static const char *const ours[] = {"Content-Type", "Content-Encoding", "Content-Length",
                                       "Transfer-Encoding"};
    bool found = false;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        found |= strlen(ours[i]) == length && !strncasecmp(header, ours[i], length);
    return found;
}

static bool good_headers(const struct push_asked *asked)
{
    for (size_t i = 0; i < asked->header_count; i++) {
        const char *header = asked->headers[i];
        size_t name = strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789!#$%&'*+-.^_`|~");
        const char *value = header + name + 1;
        if (!name || header[name] != ':' || strpbrk(header, "\r\n") ||
            !value[strspn(value, " \t")]) {
            base_say("push: --header takes 'NAME: VALUE', on one line"); /* it may be a secret */
            return false;
        }
        if (is_ours(header, name)) {
            base_say("push: --header: memtrace sets %.*s itself", (int)name, header);
            return false;
        }
    }
    if (asked->tenant && (!*asked->tenant || strpbrk(asked->tenant, "\r\n"))) {
        base_say("push: --tenant takes a name");
        return false;
    }
    return true;
}

static bool good_utf8(const char *text)
{
    size_t bytes = strlen(text), length;
    uint32_t code;
    for (; bytes; text += length, bytes -= length) {
        length = text_decode(text, bytes, &code);
        if (!length || code < 0x20)
            return false;
    }
    return true;
}

static bool add_label(struct push *push, const char *text)
{
    const char *equals = strchr(text, '='), *why = NULL;
    if (!equals || equals == text || !equals[1] || !good_utf8(text)) {
        base_say("push: --label takes NAME=VALUE, not '%s'", text);
        return false;
    }
    char *name = base_copy(text, (size_t)(equals - text));
    why = push->server->refuses(name, equals + 1);
    for (size_t i = 0; i < push->label_count && !why; i++)
        if (!strcmp(push->labels[i].name, name))
            why = "this label is there already";
    if (!why && push->label_count >= LABELS_MOST)
        why = "that is too many labels";
    push->labels[push->label_count++] = (struct export_label){name, equals + 1};
    if (why)
        base_say("push: --label %s: %s", text, why);
    return !why;
}

static bool good_names(struct push *push)
{
    const struct push_asked *asked = push->asked;
    const char *why = NULL;
    push->labels = base_alloc(asked->label_count + 1, sizeof *push->labels);
    if (asked->service) {
        why = *asked->service && good_utf8(asked->service)
                  ? push->server->refuses(NULL, asked->service)
                  : "it takes a name";
        if (why)
            base_say("push: --service: %s", why);
    }
    for (size_t i = 0; i < asked->label_count && !why; i++)
        if (!add_label(push, asked->labels[i]))
            return false;
    return !why;
}

bool push_begin(struct push *push, const struct push_asked *asked)
{
    *push = (struct push){.asked = asked};
    if (!export_protobuf) {
        base_say("push: this memtrace was built without it: protobuf-c could not be had then");
        return false;
    }
    return curl_open() && read_address(push) && choose_server(push) && good_headers(asked) &&
           good_names(push);
}

void push_end(struct push *push)
{
    for (size_t i = 0; i < push->label_count; i++)
        free((char *)push->labels[i].name);
    free(push->labels);
    address_free(&push->address);
    push->labels = NULL;
    push->label_count = 0;
}

/* ---- one log ---- */

/* To be freed. */
static char *service_of(const struct log *log)
{
    struct log_text called = log_called(log);
    char *whole =
        base_copy(called.bytes ? called.text : "program", called.bytes ? called.bytes : 7);
    char *service = push_service_clean(whole);
    free(whole);
    return service;
}

static uint64_t now_real(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The instant that the profile is of; 0 after a message. */
static uint64_t time_of(const struct push *push, const struct stacks *stacks,
                        const struct profile *profile)
{
    const struct profile_process *process = &profile->processes[0];
    const struct push_server *server = push->server;
    uint64_t now = now_real(), end = process->start ? process->start + process->duration : 0;
    bool old = end && server->oldest && end + server->oldest < now;
    bool early = end && server->newest && end > now + server->newest;
    if (push->asked->time == PUSH_TIME_NOW ||
        (!end &&
         push->asked->time == PUSH_TIME_ANY)) /* a log that was made of others has no time */
        return now;
    if (!end) {
        base_say("%s: does not tell when it ended: --time now", stacks->log.name);
        return 0;
    }
    if ((old || early) && push->asked->time == PUSH_TIME_ANY) {
        base_say("%s: is of %s, which %s drops unless it is set up otherwise: --time now sends it "
                 "as if it were of now, --time end as it is",
                 stacks->log.name, old ? "more than an hour ago" : "a time to come", server->title);
        return 0;
    }
    return end;
}

static void say_folded(const struct push *push, const char *log, const struct fitted *fitted)
{
    char count[TEXT_COUNT_BYTES], peak[TEXT_SIZE_BYTES], allocated[TEXT_SIZE_BYTES];
    if (fitted->folded)
        base_say("%s: %s small stack%s in frames \"(below N bytes)\" (%s takes %s): together %s at "
                 "the peak, %s allocated",
                 log, text_count(count, fitted->folded),
                 fitted->folded == 1 ? " is folded" : "s are folded", push->server->title,
                 push->server->limits, text_size(peak, fitted->peak),
                 text_size(allocated, fitted->allocated));
}

/* "NAME: VALUE" of all headers; each to be freed, and the list. `shown`: without what may be secret. */
static char **headers_of(const struct push *push, bool shown, size_t *count)
{
    const struct push_asked *asked = push->asked;
    const struct push_server *server = push->server;
    char **list = base_alloc(asked->header_count + 5, sizeof *list);
    const struct {
        const char *name, *value;
    } ours[] = {{"Content-Type", server->type},
                {"Content-Encoding", *server->encoding ? server->encoding : NULL},
                {"X-Scope-OrgID", asked->tenant},
                {"Authorization: Bearer", push->token && shown ? "(not shown)" : push->token}};
    *count = 0;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (ours[i].value && asprintf(&list[*count], "%s%s %s", ours[i].name,
                                      strchr(ours[i].name, ':') ? "" : ":", ours[i].value) >= 0)
            ++*count;
    for (size_t i = 0; i < asked->header_count; i++) {
        const char *header = asked->headers[i];
        int name = shown ? (int)strcspn(header, ":") : (int)strlen(header);
        if (asprintf(&list[*count], "%.*s%s", name, header, shown ? ": (not shown)" : "") >= 0)
            ++*count;
    }
    return list;
}

static void headers_free(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

/* Where it is sent: the server's path and query behind those of the URL. */
static struct address address_of(const struct push *push, const struct push_name *name)
{
    const struct address *from = &push->address;
    size_t length = strlen(from->path), end = strlen(push->server->end);
    bool whole = length >= end && !strcmp(from->path + length - end, push->server->end);
    struct address to = {.scheme = base_copy(from->scheme, strlen(from->scheme)),
                         .host = base_copy(from->host, strlen(from->host)),
                         .port = base_copy(from->port, strlen(from->port))};
    while (length && !whole && from->path[length - 1] == '/')
        length--;
    char *query = push->server->query ? push->server->query(name) : NULL;
    if (asprintf(&to.path, "%.*s%s", (int)length, from->path, whole ? "" : push->server->path) < 0)
        to.path = base_copy("/", 1);
    if (from->query && query && asprintf(&to.query, "%s&%s", from->query, query) < 0)
        to.query = NULL;
    if (from->query && query)
        free(query);
    else
        to.query = query ? query : from->query ? base_copy(from->query, strlen(from->query)) : NULL;
    return to;
}

static void print_time(FILE *out, uint64_t time)
{
    time_t seconds = (time_t)(time / 1000000000u);
    struct tm when;
    char text[40] = "";
    if (gmtime_r(&seconds, &when))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &when);
    fputs(text, out);
}

/* What --dry-run prints. */
static void print_request(const struct push *push, const char *log, const struct address *to,
                          const struct push_name *name, const struct push_body *body,
                          const struct fitted *fitted)
{
    char *where = address_text(to), count[TEXT_COUNT_BYTES];
    size_t headers;
    char **list = headers_of(push, true, &headers);
    text_put(stdout, log, strlen(log), SIZE_MAX);
    printf(": to %s\n  POST ", push->server->title);
    text_put(stdout, where, strlen(where), SIZE_MAX);
    putchar('\n');
    for (size_t i = 0; i < headers; i++) {
        fputs("  ", stdout);
        text_put(stdout, list[i], strlen(list[i]), SIZE_MAX);
        putchar('\n');
    }
    if (push->user)
        puts("  Authorization: Basic (not shown)");
    printf("  %s=", push->server->service_label);
    text_put(stdout, name->service, strlen(name->service), SIZE_MAX);
    for (size_t i = 0; i < name->label_count; i++) {
        printf(" %s=", name->labels[i].name);
        text_put(stdout, name->labels[i].value, strlen(name->labels[i].value), SIZE_MAX);
    }
    fputs("\n  as of ", stdout);
    print_time(stdout, name->time);
    printf(": %s stack%s, ", text_count(count, fitted->stacks), text_s(fitted->stacks));
    printf("%s bytes", text_count(count, body->bytes));
    printf(" (%s before packing)\n", text_count(count, body->unpacked));
    headers_free(list, headers);
    free(where);
}

static int send_one(struct push *push, const char *log, const struct address *to,
                    const struct push_name *name, const struct push_body *body,
                    const struct fitted *fitted)
{
    size_t headers;
    char **list = headers_of(push, false, &headers);
    struct sending sending = {.server = push->server,
                              .address = to,
                              .user = push->user,
                              .password = push->password,
                              .headers = (const char *const *)list,
                              .header_count = headers,
                              .body = body,
                              .retries = push->asked->retries,
                              .timeout = push->asked->timeout};
    enum sent sent = send_body(&sending);
    headers_free(list, headers);
    if (sent == SENT) {
        char *where = address_text(&push->address), stacks[TEXT_COUNT_BYTES];
        base_say("%s: pushed to %s at %s as %s: %s stack%s", log, push->server->title, where,
                 name->service, text_count(stacks, fitted->stacks), text_s(fitted->stacks));
        free(where);
        return STATUS_DONE;
    }
    base_say("%s: was not pushed", log);
    push->hopeless = sent == SENT_HOPELESS;
    return STATUS_BAD;
}

static int push_profile(struct push *push, const struct stacks *stacks, struct profile *profile,
                        struct push_name *name)
{
    const struct push_asked *asked = push->asked;
    struct export_asked export = {.metric = METRICS,
                                  .sent = {.time = name->time,
                                           .deepest = push->server->deepest,
                                           .packed = true,
                                           .service = name->service,
                                           .labels = name->labels,
                                           .label_count = name->label_count}};
    struct pruning pruning = {.figures = export_format_named("pprof")->figures,
                              .named = FIGURE_PEAK,
                              .least = asked->min_share > 0 ? asked->min_share : 0,
                              .top = asked->top};
    struct push_body body = {0};
    struct fitted fitted;
    int status = STATUS_BAD;
    if (fit(profile, push->server, &pruning, &export, &body, &fitted)) {
        struct address to = address_of(push, name);
        say_folded(push, stacks->log.name, &fitted);
        if (push->server->wrap)
            push->server->wrap(&body, name);
        if (asked->dry_run)
            print_request(push, stacks->log.name, &to, name, &body, &fitted);
        status = asked->dry_run ? STATUS_DONE
                                : send_one(push, stacks->log.name, &to, name, &body, &fitted);
        address_free(&to);
    }
    free(body.data);
    return status;
}

int push_log(struct push *push, const struct stacks *stacks, const struct filter *filter)
{
    struct profile profile;
    char *own = service_of(&stacks->log);
    struct push_name name = {.service = push->asked->service ? push->asked->service : own,
                             .labels = push->labels,
                             .label_count = push->label_count};
    int status = STATUS_BAD;
    profile_begin(&profile, push->server->how);
    profile_add(&profile, stacks, filter);
    profile_end(&profile);
    name.time = time_of(push, stacks, &profile);
    if (profile.node_count <= 1) {
        base_say("%s: has nothing of what was asked for, and was not pushed", stacks->log.name);
        status = STATUS_NO;
    } else if (name.time)
        status = push_profile(push, stacks, &profile, &name);
    profile_free(&profile);
    free(own);
    return status;
}
