/* SPDX-License-Identifier: MIT
 *
 * Names of code that a program made while it ran, as its JIT compiler wrote them down for `perf`:
 *
 *   perf-PID.map    in /tmp: an address, a size, a name in each line
 *   jit-PID.dump    in the process's working folder or in /tmp: the same with source lines ("jitdump")
 *
 * Both are looked for in the log's folder, too. Nothing in them is trusted. Where two pieces of code stood at an address one after
 * the other, the later one counts: the log does not say when a frame was there.
 */
#ifndef SYMBOLS_JIT_H
#define SYMBOLS_JIT_H

#include <stdint.h>

struct jit;
/* What there is of the process `pid`; files that were last changed before `since` (ns since 1970) are of another process of that
 * number, and such as belong to another user are left alone. `folders`: where to look beside /tmp, up to a NULL. Never NULL. */
struct jit *jit_open(int32_t pid, uint64_t since, const char *const *folders);
/* The code at an address; texts valid until jit_free. */
struct jit_code {
    const char *name;
    const char *file; /* NULL: not known */
    uint32_t line;    /* 0: not known */
};
/* False: there is none. */
_Bool jit_find(const struct jit *jit, uint64_t address, struct jit_code *out);
void jit_free(struct jit *jit);

#endif
