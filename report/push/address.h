/* SPDX-License-Identifier: MIT
 *
 * An address on the web, in parts. What is printed of one has neither a password nor its query, which may hold a secret.
 */
#ifndef PUSH_ADDRESS_H
#define PUSH_ADDRESS_H

#include <stdbool.h>

/* All parts are its own. */
struct address {
    char *scheme, *host, *port; /* http or https; port: always there */
    char *path;                 /* "/" at least */
    char *query;                /* without its "?"; NULL: none */
    char *user, *password;      /* decoded; NULL: none */
};

/* False: it is no such address; nothing is said. address_free in any case. Only after curl_open. */
bool address_parse(struct address *address, const char *url);
void address_free(struct address *address);
/* "https://host:4040/path", without a port that is the scheme's own. To be freed. */
char *address_text(const struct address *address);
/* The same with the query: what is asked for. To be freed. */
char *address_whole(const struct address *address);

#endif
