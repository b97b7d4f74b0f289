/* SPDX-License-Identifier: MIT
 *
 * Gets a body to a server, with retries.
 */
#ifndef PUSH_SEND_H
#define PUSH_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "push/address.h"
#include "push/servers.h"

struct sending {
    const struct push_server *server;
    const struct address *address; /* with the query; without user and password */
    const char *user, *password;   /* NULL: none */
    const char *const *headers;    /* "NAME: VALUE", all of them */
    size_t header_count;
    const struct push_body *body;
    unsigned retries;
    long timeout; /* seconds */
};

enum sent {
    SENT,
    SENT_REFUSED, /* this one */
    SENT_HOPELESS /* nor would another be taken */
};

/* What became of it; unless SENT, after a message. Connections that fail, 429 and 5xx are tried again, after 1, 2, 4, ... seconds or what
 * the server asks for. Follows redirections on the same host, as others must not see the headers. */
enum sent send_body(const struct sending *sending);

#endif
