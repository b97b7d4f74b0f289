/* SPDX-License-Identifier: MIT
 *
 * The functions that the program may call are in memtrace.h, which goes to programs.
 */
#ifndef MT_API_H
#define MT_API_H

/* A period may have been about to begin in another thread of the parent (fork child). */
void mt_api_forget(void);

#endif
