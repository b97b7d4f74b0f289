/* SPDX-License-Identifier: MIT
 *
 * What each kind of server takes: where, in which form, how much.
 */
#ifndef PUSH_SERVERS_H
#define PUSH_SERVERS_H

#include <stdio.h>

#include "export/formats.h"
#include "push/address.h"

struct push_body {
    char *data; /* to be freed */
    size_t bytes;
    uint64_t unpacked; /* of the profile in it */
};

/* What a profile goes by. */
struct push_name {
    const char *service;
    const struct export_label *labels;
    size_t label_count;
    uint64_t time; /* since 1970, ns */
};

struct push_server {
    const char *name;  /* the word for it */
    const char *title; /* as people know it */
    const char *port, *path;
    const char *end;             /* a path that ends so is whole; else `path` is put behind it */
    const char *type, *encoding; /* of the body; encoding "": none */
    const char *limits;          /* in words */
    /* What it takes at most; 0: any number. `deepest`: frames of a stack. */
    size_t samples, deepest;
    uint64_t unpacked, packed;
    uint64_t oldest, newest; /* ns before and after its own time that a profile may be of; 0: any */
    unsigned how;            /* PROFILE_... */
    /* Writes the profile; false after a message. */
    bool (*put)(FILE *out, const struct profile *profile, const struct export_asked *asked);
    /* Makes of the profile what is sent; NULL: the profile is. */
    void (*wrap)(struct push_body *body, const struct push_name *name);
    /* What stands behind "?"; NULL: nothing. To be freed. */
    char *(*query)(const struct push_name *name);
    /* Why it can't be named so, or NULL. */
    const char *(*refuses)(const char *label, const char *value);
    const char *service_label; /* what the service's name is called there */
};
extern const struct push_server push_servers[];

/* As options want the words of --to. */
size_t push_server_names(const char **words);
/* By its word; else by the address; NULL: it does not tell. */
const struct push_server *push_server_named(const char *name);
const struct push_server *push_server_at(const struct address *address);
/* The letters that every server takes in a service's name: others become "_". To be freed. */
char *push_service_clean(const char *name);

#endif
