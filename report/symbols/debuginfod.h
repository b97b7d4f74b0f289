/* SPDX-License-Identifier: MIT
 *
 * Debug information from the servers that DEBUGINFOD_URLS names, by elfutils' client, which keeps it for the next time.
 */
#ifndef SYMBOLS_DEBUGINFOD_H
#define SYMBOLS_DEBUGINFOD_H

#include <stddef.h>

#include "base/progress.h"

/* Keep elfutils from asking by itself, for as long as it pleases. Before other threads begin; later calls do nothing. */
void debuginfod_begin_here(void);
/* Path of the debug information with this build-id; NULL: no server has it, or there is no client. To be freed. One thread at a
 * time. While a server sends, it may take its time. If it is silent for 2 s, or all are for 20 s in all calls together, that is said, and
 * no server is asked any more. */
char *debuginfod_file(const unsigned char *build_id, size_t bytes, struct progress *progress);

#endif
