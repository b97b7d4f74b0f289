/* SPDX-License-Identifier: MIT
 *
 * What the C library of this process does in a way of its own: the same libmemtrace.so is preloaded into programs of glibc and of
 * musl. What one of the two lacks is referred to weakly, in libc.c alone; the loader of neither refuses that.
 */
#ifndef MT_LIBC_H
#define MT_LIBC_H

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>

/* Whether it is glibc. Any thread. */
bool mt_libc_is_glibc(void);

/* The 2.`minor` of glibc's version, 0 for others. Any thread. */
unsigned mt_libc_minor(void);

/* The loader's list of what is loaded, NULL where it tells none. The first is the program. It is written without a lock that we could
 * take: see loader/object_list.h. */
const struct r_debug *mt_libc_loaded(void);

/* dladdr, and the entry in the symbol table if *symbol is not NULL on return; musl does not tell that. Calls the loader. */
bool mt_libc_describe(const void *address, Dl_info *info, const ElfW(Sym) * *symbol);

/* dlvsym; NULL where symbols have no versions. Calls the loader. */
void *mt_libc_versioned(void *scope, const char *symbol, const char *version);

/* When the process exits, `handler` is called with the exit status, or MT_NO_STATUS where libc does not tell it, after all that was registered later, and after the destructors
 * of what was loaded later. Once, from our constructor. */
void mt_libc_at_exit(void (*handler)(int status, void *unused));

/* pthread_atfork. From our constructor. */
void mt_libc_at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));

#endif
