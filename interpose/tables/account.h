/* SPDX-License-Identifier: MIT
 *
 * Events: what changes in the log when memory is allocated or released. Callable with the guard
 * set, by the thread whose state is passed; errno may change, and hooks keep it. `from`: the hook's
 * caller.
 */
#ifndef MT_ACCOUNT_H
#define MT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/event.h"
#include "tables/live.h"
#include "tables/mappings.h"

struct mt_thread;

/* Record it. Returns the counter record of what came, for the table of live blocks or mappings. 0:
 * nothing came, or the event was dropped. */
uint32_t mt_account(struct mt_thread *t, const struct mt_event *event);

/* `bytes` were given back to the system and stay mapped. */
void mt_account_discard(struct mt_thread *t, const struct mt_start *from, uint64_t bytes);

/* The usual events on blocks. Allocated: to be called after the real call. Released: before it.
 * Reallocated: from `old`, which was taken out of the live blocks before the real call (NULL: it
 * was not known), to `block`, in one step. */
void mt_account_block(struct mt_thread *t, const struct mt_start *from, const void *block,
                      uint64_t bytes);
void mt_account_free(struct mt_thread *t, const struct mt_start *from, const void *block);
void mt_account_moved(struct mt_thread *t, const struct mt_start *from, const struct mt_live *old,
                      const void *block, uint64_t bytes);

/* The same for an interpreter's object, whatever memory it lies in; mt_account_object_take is what
 * mt_live_take is for a block. */
void mt_account_object(struct mt_thread *t, const struct mt_start *from, const void *object,
                       uint64_t bytes);
void mt_account_object_free(struct mt_thread *t, const struct mt_start *from, const void *object);
struct mt_live mt_account_object_take(const void *object);
void mt_account_object_moved(struct mt_thread *t, const struct mt_start *from,
                             const struct mt_live *old, const void *object, uint64_t bytes);
void mt_account_object_enter(struct mt_thread *t, const struct mt_start *from, const void *object,
                             struct mt_live entry);

/* Put a block that an event brought into the table of live blocks. With entry.unit 0 the event was
 * dropped, and nothing happens. */
void mt_account_enter(struct mt_thread *t, const struct mt_start *from, const void *block,
                      struct mt_live entry);

/* Count a release of something that was not seen allocated in this process: in the child of a fork,
 * perhaps of what it has inherited. */
void mt_account_unknown(const void *block);

/* The range is about to be unmapped: what the child of a fork has inherited of it goes. */
void mt_account_unmapped(uintptr_t start, uintptr_t end);
/* The range can't be accessed any more: the same. */
void mt_account_barred(uintptr_t start, uintptr_t end);
/* What shmat attached there was detached: the same. */
void mt_account_detached(uintptr_t attached);

/* Close all open runs: the thread ends. By that thread, or by who gets its state next. */
void mt_account_thread_end(struct mt_thread *t);
/* The same where the thread may go on later: what is known of its stack is kept. */
void mt_account_thread_pause(struct mt_thread *t);

#endif
