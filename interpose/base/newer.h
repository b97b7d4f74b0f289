/* SPDX-License-Identifier: MIT
 *
 * What the tracker uses of libc where libc is new enough to have it. It is looked up at the first event: a weak reference
 * would do for the linker, but the loader refuses a library that refers to a version of libc that is not there, weakly or not.
 * The file is chosen by libc: newer_glibc.c.
 */
#ifndef MT_NEWER_H
#define MT_NEWER_H

#include <stdbool.h>

#include "base/near.h"

struct dl_find_object;

/* Points to 1 as long as there is no second thread. Libc clears it before one starts. It points to a 0 where libc does not tell,
 * and before mt_newer_init. */
MT_EXTERN const char *mt_newer_single_threaded;
/* Whether libc tells. */
bool mt_newer_tells(void);

/* glibc 2.35's _dl_find_object: 0 if it fills in what lies at the address. It takes no lock. NULL: libc has none. */
MT_EXTERN int (*mt_newer_find_object)(void *address, struct dl_find_object *);

/* Look both up: at the first event, by mt_real_init alone, for a dlsym of somebody else's may allocate. */
void mt_newer_init(void);

#endif
