/* SPDX-License-Identifier: MIT
 *
 * Makes profiles small enough for a server.
 */
#ifndef PUSH_FIT_H
#define PUSH_FIT_H

#include "export/prune.h"
#include "push/servers.h"

struct fitted {
    size_t stacks;           /* that are sent */
    size_t folded;           /* that are in frames "(below N bytes)" instead */
    int64_t peak, allocated; /* bytes of those */
};

/* Writes the profile as the server takes it, after folding the smallest stacks as far as it takes; first those of less than `pruning`
 * asks for. The body is to be freed. False after a message. */
bool fit(struct profile *profile, const struct push_server *server, const struct pruning *pruning,
         const struct export_asked *asked, struct push_body *body, struct fitted *fitted);

#endif
