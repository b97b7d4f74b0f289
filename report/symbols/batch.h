/* SPDX-License-Identifier: MIT
 *
 * Symbols for many addresses of one module at once: those that the cache knows from there, the others
 * by several threads, each with a `struct symbols` of its own (elfutils' handles belong to one
 * thread). A compilation unit is read by one thread only. The result does not depend on who found
 * what.
 */
#ifndef BATCH_H
#define BATCH_H

#include "symbols/lookup.h"

/* Look all items up. */
void batch_run(struct batch *batch);
/* Frees the symbols. */
void batch_free(struct batch *batch);

#endif
