/* SPDX-License-Identifier: MIT
 *
 * The originals of the wrapped functions: the next definition after this library in the program's
 * search order, so that a preloaded or linked jemalloc stays the program's allocator.
 */
#ifndef MT_REAL_H
#define MT_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dl_phdr_info;

struct mt_real {
#define MT_HOOK(symbol, result, parameters) result(*symbol) parameters;
#include "hooks.def"
};
extern struct mt_real mt_real;

/* An allocator's own entry points. NULL and sought: there is none. */
struct mt_own {
#define MT_HOOK_LATE(symbol, result, parameters)                                                   \
    result(*symbol) parameters;                                                                    \
    bool symbol##_sought;
#include "hooks.def"
};
extern struct mt_own mt_own;

/* True once the originals are known. Plain load, for the hot path. */
extern bool mt_real_ready;

/* Find the originals; callable in any thread and re-entered by the loader's own allocations, which
 * are then served by the boot pool. False while another call is under way in this thread. */
bool mt_real_init(void);

/* Whose malloc the program calls: NULL if ours, else the object that comes before us in the search order.
 * The originals of MT_HOOK_MAYBE are not known then. */
const char *mt_real_stranger(void);

/* A sanitizer's run-time library is in the program: it knows every block itself, and checks that nobody
 * comes before it. Nothing is recorded, every call goes straight on. */
bool mt_real_sanitizer(void);
/* Whether this address is in that library. */
bool mt_real_is_sanitizer(uintptr_t pc);

/* The original of a C++ operator that the search order did not have at start-up: C++ came later, as
 * a plugin. Looks among what the caller's own object links with (`caller`: the hook's return
 * address). NULL: there is none. */
void *mt_real_from_caller(const char *symbol, const void *caller);

/* The code of one of libc's functions: [begin, end). False: not known. Calls the loader. */
bool mt_real_code(const char *symbol, uintptr_t *begin, uintptr_t *end);

/* One of mt_own, by the search order or among what the caller's object links with. */
void mt_real_find_own(void **real, bool *sought, const char *symbol, const void *caller);

/* Whether this address is in the code of an allocator that the program uses in place of libc's: what
 * is mapped from there is the allocator's business. */
bool mt_real_is_allocator(uintptr_t pc);

/* What we looked for by dlsym or dlopen and did not find is not the program's error: dlerror() says nothing of it. That
 * function is not called for it: it translates the message, under a lock that the program may hold for writing while it
 * allocates (setlocale, newlocale), and would give back a lock that it was not given. */
void mt_real_forget_error(void);

/* Memory for allocations that arrive while the originals are not known. Never given back. NULL when
 * used up. */
void *mt_boot_alloc(size_t bytes, size_t align);
bool mt_boot_owns(const void *block);
size_t mt_boot_size(const void *block); /* upper bound of what may be copied from it */

#endif
