/* SPDX-License-Identifier: MIT
 *
 * What a Python source file was when its code was first met: so that its lines are not shown of a later text.
 */
#ifndef MT_PYTHON_STAMP_H
#define MT_PYTHON_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* Code of the file `name`, which is string `id` of the log, was met for the first time: its size, its time and a hash of what is in it
 * are entered, if they are not what the log has. False: there is no such file. Asks for its size and time, which takes about 1 us;
 * reads it where it is new or has changed, which takes about 20 us. Guard set, no lock held. */
bool mt_python_stamp(uint32_t id, const char *name);

/* In the child of a fork: reset the lock, which another thread may have held. */
void mt_python_stamp_forget(void);

#endif
