/* SPDX-License-Identifier: MIT */
#include "push/send.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "base/base.h"
#include "base/text.h"
#include "export/otlp_answer.h"
#include "push/curl.h"

#define REDIRECTIONS_MOST 5u
#define WAIT_MOST         300000u /* ms; a server that asks for more is not waited for */
#define BACK_OFF_MOST     30000u  /* ms */
#define WORDS_MOST        300u    /* bytes of a server's that are shown */

/* ---- the server's words ---- */

static char *text_of(const char *text, size_t bytes)
{
    while (bytes && strchr(" \n\r\t", text[bytes - 1]))
        bytes--;
    return base_copy(text, bytes < WORDS_MOST ? bytes : WORDS_MOST);
}

/* To be freed; "" if there are none. */
static char *words_of(const struct curl_answer *answer)
{
    int64_t rejected;
    if (strstr(answer->type, "protobuf")) {
        char *words = otlp_answer(answer->body, answer->bytes, false, &rejected);
        if (words)
            return words;
    }
    return text_of(answer->body, strnlen(answer->body, answer->bytes));
}

/* ---- what an answer means ---- */

/* A collector may answer 200 and reject profiles all the same. */
static enum sent taken(const struct sending *sending, const char *where,
                       const struct curl_answer *answer)
{
    int64_t rejected = 0;
    char *words = NULL;
    if (strstr(answer->type, "protobuf") && sending->server->put == otlp_put)
        words = otlp_answer(answer->body, answer->bytes, true, &rejected);
    if (rejected > 0)
        base_say("%s: the server has rejected %lld of the profiles%s%s", where, (long long)rejected,
                 words && *words ? ": " : "", words ? words : "");
    else if (words && *words)
        base_say("%s: the server says: %s", where, words);
    free(words);
    return rejected > 0 ? SENT_REFUSED : SENT;
}

static enum sent refused(const char *where, const struct curl_answer *answer)
{
    char *words = words_of(answer);
    const char *hint = answer->status == 401 || answer->status == 403
                           ? " (user:password in the URL, MEMTRACE_PUSH_USER and _PASSWORD, "
                             "MEMTRACE_PUSH_TOKEN, or --header)"
                       : answer->status == 404 || answer->status == 405
                           ? " (is this the server's address? --to says which kind it is)"
                           : "";
    base_say("%s: status %ld%s%s%s", where, answer->status, *words ? ": " : "", words, hint);
    free(words);
    switch (answer->status) {
    case 400:
    case 413:
    case 415:
    case 422:
        return SENT_REFUSED;
    default:
        return SENT_HOPELESS;
    }
}

/* ---- retries ---- */

/* Whole seconds and up to half as much by chance, so that a thousand hosts don't come back at the same instant. */
static unsigned back_off(unsigned retry)
{
    unsigned chance = 0, ms = retry < 5 ? 1000u << retry : BACK_OFF_MOST;
    ms = ms < BACK_OFF_MOST ? ms : BACK_OFF_MOST;
    if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance)
        chance = 0;
    return ms + chance % (ms / 2);
}

static void wait_ms(uint64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static bool worth_again(const struct curl_answer *answer)
{
    return answer->status ? answer->status == 429 || answer->status >= 500 : answer->passes;
}

/* Waits, and says so. False: it is not worth it. */
static bool wait_for(const char *where, const struct curl_answer *answer, unsigned retry,
                     unsigned retries)
{
    uint64_t asked = (uint64_t)answer->after * 1000, ms = back_off(retry);
    ms = asked > ms ? asked : ms;
    if (!worth_again(answer) || retry >= retries || asked > WAIT_MOST)
        return false;
    if (answer->status)
        base_say("%s: status %ld; again in %.1f s (retry %u of %u)", where, answer->status,
                 (double)ms / 1000, retry + 1, retries);
    else
        base_say("%s: %s; again in %.1f s (retry %u of %u)", where, answer->why, (double)ms / 1000,
                 retry + 1, retries);
    wait_ms(ms);
    return true;
}

static enum sent gave_up(const char *where, const struct curl_answer *answer, unsigned retry)
{
    char times[64] = "";
    if (retry)
        snprintf(times, sizeof times, ", %u times", retry + 1);
    if (answer->status && worth_again(answer)) {
        char *words = words_of(answer);
        if ((uint64_t)answer->after * 1000 > WAIT_MOST)
            snprintf(times, sizeof times, ", and it asks for %ld s", answer->after);
        base_say("%s: status %ld%s%s%s", where, answer->status, times, *words ? ": " : "", words);
        free(words);
        return SENT_HOPELESS;
    }
    if (answer->status)
        return refused(where, answer);
    base_say("%s: %s%s", where, answer->why, times);
    return SENT_HOPELESS;
}

/* ---- redirections ---- */

static bool is_redirection(const struct curl_answer *answer)
{
    return answer->location && (answer->status == 301 || answer->status == 302 ||
                                answer->status == 307 || answer->status == 308);
}

/* Makes `address` what the answer leads to. False after a message. */
static bool redirect(struct address *address, const char *where, const struct curl_answer *answer,
                     unsigned count)
{
    struct address next;
    const char *why = NULL;
    bool good = address_parse(&next, answer->location);
    if (!good)
        why = "no address on the web";
    else if (strcasecmp(next.host, address->host) != 0)
        why = "another host, which is not to see what is meant for this one";
    else if (!strcmp(address->scheme, "https") && strcmp(next.scheme, "https") != 0)
        why = "a connection that is not encrypted";
    else if (count >= REDIRECTIONS_MOST)
        why = "one more redirection";
    if (!why) {
        address_free(address);
        *address = next;
        return true;
    }
    char *to = good ? address_text(&next) : base_copy("", 0);
    base_say("%s: status %ld, which leads to %s%s%s: not followed", where, answer->status, why,
             *to ? ", " : "", to);
    free(to);
    address_free(&next);
    return false;
}

static char *dup(const char *text)
{
    return text ? base_copy(text, strlen(text)) : NULL;
}

/* Until there is something to say of it. */
static enum sent send_to(const struct sending *sending, struct address *address)
{
    for (unsigned retry = 0, redirections = 0;;) {
        struct curl_request request = {.address = address,
                                       .user = sending->user,
                                       .password = sending->password,
                                       .headers = sending->headers,
                                       .header_count = sending->header_count,
                                       .body = sending->body->data,
                                       .bytes = sending->body->bytes,
                                       .timeout = sending->timeout};
        struct curl_answer answer;
        char *where = address_text(address);
        bool again = false;
        enum sent sent = SENT_HOPELESS;
        curl_post(&request, &answer);
        if (answer.status >= 200 && answer.status < 300)
            sent = taken(sending, where, &answer);
        else if (is_redirection(&answer))
            again = redirect(address, where, &answer, redirections++);
        else if (wait_for(where, &answer, retry, sending->retries))
            again = ++retry;
        else
            sent = gave_up(where, &answer, retry);
        free(where);
        curl_answer_free(&answer);
        if (!again)
            return sent;
    }
}

enum sent send_body(const struct sending *sending)
{
    const struct address *from = sending->address;
    struct address address = {dup(from->scheme),
                              dup(from->host),
                              dup(from->port),
                              dup(from->path),
                              dup(from->query),
                              NULL,
                              NULL};
    enum sent sent = send_to(sending, &address);
    address_free(&address);
    return sent;
}
