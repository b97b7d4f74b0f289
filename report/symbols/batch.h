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
/* All that was found, as a packed log keeps it, to be freed; NULL: it is too much. The addresses are ascending. */
unsigned char *batch_pack(const struct batch *batch, size_t *bytes);
/* Take it from there; false: it is damaged or of another version. `data` is aligned to 8 bytes. */
bool batch_unpack(struct batch *batch, const void *data, size_t bytes);
/* Closes what is kept. What the batches' `wanted` pointed to must still be there. */
void batch_kept_free(struct batch_kept *kept);
/* Frees the symbols. */
void batch_free(struct batch *batch);

#endif
