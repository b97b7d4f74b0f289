/* SPDX-License-Identifier: MIT
 *
 * Which loaded object an address lies in: the program, a shared library, the loader. Nobody else
 * asks the loader for it. The file is chosen by libc: object_glibc.c.
 */
#ifndef MT_OBJECT_H
#define MT_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct mt_object {
    uintptr_t begin, end; /* where it is mapped: [begin, end); begin is its ELF header */
    uintptr_t base;       /* run-time address minus the address in the file */
    const char *
        /* the loader's own text, as it has it; "" or NULL: the program. Lives as long as the object */
        path;
    const void *handle;    /* the loader's description of it: for glibc a struct link_map */
    const void *unwinding; /* its index of frame descriptions (.eh_frame_hdr); NULL: it has none */
};

/* Whether mt_object_at works with this libc. Where it does not, it always answers false. */
bool mt_object_works(void);

/* Fill *object with the object that `address` lies in. False: the loader knows none, and *object is
 * as it was. Takes no lock, allocates nothing, keeps errno: any thread, also in a signal handler.
 * The answer stays true as long as the object is loaded. */
bool mt_object_at(uintptr_t address, struct mt_object *object);

/* Objects are about to be unloaded, or were: nothing of them may be remembered. Any thread, also in a signal handler. */
void mt_object_forget(void);

/* In the child of a fork, before the first of its events. */
void mt_object_forked(void);

/* As mt_object_at, but for begin and end alone, and with any libc. May take the loader's lock: only
 * where dlsym may be called as well. */
bool mt_object_range(uintptr_t address, uintptr_t *begin, uintptr_t *end);

/* As mt_object_at, for the loader itself: begin and end alone. False: not known, or libc is the loader (musl). */
bool mt_object_loader(uintptr_t *begin, uintptr_t *end);

#endif
