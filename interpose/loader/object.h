/* SPDX-License-Identifier: MIT
 *
 * Which loaded object an address lies in: the program, a shared library, the loader. The one place that asks the loader for it.
 * The file is chosen by libc: object_glibc.c.
 */
#ifndef MT_OBJECT_H
#define MT_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct mt_object {
    uintptr_t begin, end; /* where it is mapped: [begin, end); begin is its ELF header */
    uintptr_t base;       /* run-time address minus the file's address */
    const char *
        path; /* as the loader has it; "" or NULL for the program. The loader's: lives as long as the object */
    const void *handle;    /* the loader's description of it: a struct link_map */
    const void *unwinding; /* its index of frame descriptions (.eh_frame_hdr); NULL: it has none */
};

/* Whether mt_object_at works here; where it does not, it always answers false. */
bool mt_object_works(void);

/* The object that has `address`, to *object. False: none that the loader knows, and *object is as it was. Takes no lock, allocates
 * nothing, keeps errno: any thread, also in a signal handler. What it tells stays true as long as the object is loaded. */
bool mt_object_at(uintptr_t address, struct mt_object *object);

/* The same for begin and end alone, and on a libc where mt_object_at does not work, too. May take the loader's lock: only where
 * dlsym may be called as well. */
bool mt_object_range(uintptr_t address, uintptr_t *begin, uintptr_t *end);

/* The loader itself: begin and end alone. False: not known. As mt_object_at. */
bool mt_object_loader(uintptr_t *begin, uintptr_t *end);

#endif
