/* SPDX-License-Identifier: MIT
 *
 * The private jemalloc begins anew: its variables become what they were when the library was loaded.
 * What it had given out stays mapped, and is nobody's.
 *
 * That is for the child of a fork whose parent had other threads: one of them may have been inside,
 * with locks held and lists half-linked. jemalloc's own handlers would wait for that thread before
 * the fork, and hold all of its locks while other handlers run; and no handler runs for clone or
 * _Fork.
 */
#ifndef MT_META_IMAGE_H
#define MT_META_IMAGE_H

/* Keep what the variables are now. To be called before jemalloc runs, more often does no harm. */
void mt_meta_image_keep(void);

/* While no thread is inside jemalloc. */
void mt_meta_image_restore(void);

/* The caller's thread is unknown to jemalloc again. `end`: jemalloc's own function for that. */
void mt_meta_image_end_thread(void (*end)(void *variables));

/* The same of what it asks of the system (meta_raw.c). */
void mt_meta_raw_restart(void);

#endif
