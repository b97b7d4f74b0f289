/* SPDX-License-Identifier: MIT
 *
 * The process that asks the debuginfod servers.
 */
#ifndef SYMBOLS_DEBUGINFOD_CHILD_H
#define SYMBOLS_DEBUGINFOD_CHILD_H

#include <stdint.h>

enum debuginfod_kind {
    DEBUGINFOD_RECEIVED, /* so many bytes of the file have come by now */
    DEBUGINFOD_FOUND,    /* `bytes` of its path follow */
    DEBUGINFOD_NONE,     /* no server has it */
    DEBUGINFOD_NO_CLIENT /* elfutils' client can't be loaded */
};

/* What the child says. */
struct debuginfod_answer {
    uint32_t kind, bytes;
    uint64_t received;
};

/* The longest build-id that it is asked for. */
enum { DEBUGINFOD_ID_MAX = 64 };

/* What it is asked for. */
struct debuginfod_request {
    uint32_t bytes;
    unsigned char build_id[DEBUGINFOD_ID_MAX];
};

/* In a child of ours: serve the requests that come by this socket from servers `urls`, until it is closed. Doesn't return. */
_Noreturn void debuginfod_serve(int socket, const char *urls);

#endif
