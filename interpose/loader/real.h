/* SPDX-License-Identifier: MIT
 *
 * The originals of the wrapped functions. Each is the next definition after this library in the
 * program's search order, so a preloaded or linked jemalloc stays the program's allocator.
 */
#ifndef MT_REAL_H
#define MT_REAL_H

#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dl_phdr_info;

struct mt_real {
#define MT_HOOK(symbol, result, parameters) result(*symbol) parameters;
#include "base/near.h"
#include "hooks.def"
};
MT_EXTERN struct mt_real mt_real;

/* An allocator's own entry points. NULL with symbol_sought set: there is none. */
struct mt_own {
#define MT_HOOK_LATE(symbol, result, parameters)                                                   \
    result(*symbol) parameters;                                                                    \
    bool symbol##_sought;
#include "hooks.def"
};
MT_EXTERN struct mt_own mt_own;

/* True once the originals are known. Plain load, for the hot path. */
MT_EXTERN bool mt_real_ready;

/* Find the originals. Any thread; the loader's own allocations come back here, and are served by
 * the boot pool. False: another call of this thread is under way. */
bool mt_real_init(void);

/* The object that comes before us in the search order, whose malloc the program calls; NULL: the
 * program calls ours. If there is such a stranger, the originals of MT_HOOK_MAYBE are not known.
 * Calls the loader. */
const char *mt_real_stranger(void);

/* Whether a sanitizer's run-time library is in the program. It knows every block itself, and checks
 * that nothing comes before it: nothing is recorded then, and every call goes straight on. */
bool mt_real_sanitizer(void);
/* Whether this address is in that library. */
bool mt_real_is_sanitizer(uintptr_t pc);

/* The original of a C++ operator that the search order did not have at start-up, because C++ came
 * later, as a plugin. Looks among what the caller's own object links with; `caller` is the hook's
 * return address. NULL: there is none. Calls the loader: guard set, no lock held. */
void *mt_real_from_caller(const char *symbol, const void *caller);

/* Look for one entry of mt_own, in the search order or among what the caller's object links with.
 * *real and *sought are set. Calls the loader: guard set, no lock held. */
void mt_real_find_own(void **real, bool *sought, const char *symbol, const void *caller);

/* libc's exit. Calls the loader: guard set, no lock held. */
void *mt_real_exit(void);

/* Whether this address is in the code of an allocator that the program uses in place of libc's.
 * What is mapped from there is the allocator's business. Any thread, takes no lock. */
bool mt_real_is_allocator(uintptr_t pc);

/* After a dlsym or dlopen of ours that found nothing: the program's dlerror() is not to tell of it.
 * We don't call dlerror for that. It translates the message under a lock that the program may hold
 * for writing while it allocates (setlocale, newlocale), and would unlock what it had not locked.
 * Calls the loader: guard set, no lock held. */
void mt_real_forget_error(void);

/* Memory for allocations that arrive while the originals are not known, zeroed and aligned to
 * `align` or 16. It is never released. NULL: used up. Any thread. */
void *mt_boot_alloc(size_t bytes, size_t align);
/* Whether a block is boot memory; then the upper bound of what may be copied from it. Any thread.
 */
#define MT_BOOT_BYTES 65536
MT_EXTERN char mt_boot_memory[MT_BOOT_BYTES];
static inline bool mt_boot_owns(const void *block)
{
    return (uintptr_t)block - (uintptr_t)mt_boot_memory < MT_BOOT_BYTES;
}
size_t mt_boot_size(const void *block);

#endif
