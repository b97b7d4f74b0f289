/* SPDX-License-Identifier: MIT
 *
 * libcurl, which is opened when it is needed: the command does not depend on it.
 */
#ifndef PUSH_CURL_H
#define PUSH_CURL_H

#include <stdbool.h>
#include <stddef.h>

#include "push/address.h"

/* False after a message: libcurl is not here, or this memtrace was built without it. */
bool curl_open(void);

struct curl_request {
    const struct address *address; /* without its user and password */
    const char *user, *password;   /* NULL: none */
    const char *const *headers;    /* "NAME: VALUE" */
    size_t header_count;
    const void *body;
    size_t bytes;
    long timeout; /* seconds */
};

#define CURL_BODY_MOST 65536u /* of an answer that is kept */

struct curl_answer {
    long status;    /* of HTTP; 0: there was no answer */
    char *why;      /* with 0: what went wrong, with the host's name */
    bool passes;    /* with 0: it may be gone the next time */
    long after;     /* Retry-After, seconds; 0: none */
    char *location; /* where a redirection leads, whole; NULL: nowhere */
    char *type;     /* of the body; "" */
    char *body;     /* with a NUL behind it */
    size_t bytes;
};

/* One POST. Redirections are not followed. curl_answer_free in any case. */
void curl_post(const struct curl_request *request, struct curl_answer *answer);
void curl_answer_free(struct curl_answer *answer);

#endif
