/* SPDX-License-Identifier: MIT
 *
 * What `memtrace pack` keeps beside a log, put there and taken from there: symbols, the names of code made at run time. Sources: source.h.
 */
#ifndef RESOLVE_PACKED_H
#define RESOLVE_PACKED_H

#include "read/log.h"
#include "symbols/jit.h"
#include "symbols/lookup.h"

/* Look up the items of a module of the log: batch_run, or what was packed. Puts down what was found where the log is being packed. */
void packed_batch(const struct log *log, uint32_t module, struct batch *batch);
/* The same of tail calls, of which only what is kept is put down: all of a module at once, where the log is being packed. */
void packed_tails(const struct log *log, uint32_t module, struct batch *batch);
void packed_tails_keep(const struct log *log, uint32_t module, const struct batch *batch);
/* jit_find, likewise. Texts valid until jit_free and log_close. */
bool packed_made(const struct log *log, const struct jit *jit, uint64_t address,
                 struct jit_code *out);

#endif
