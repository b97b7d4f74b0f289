/* SPDX-License-Identifier: MIT
 *
 * What a Python source file was when its code was first met: so that its lines are not shown of a later text.
 */
#ifndef MT_PYTHON_STAMP_H
#define MT_PYTHON_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* Enter the file `name`, which is string `id` of the log: its size, its time, a hash of what is in it. False: there is no such
 * file. Reads it once, which takes about 20 us; guard set, no lock held. */
bool mt_python_stamp(uint32_t id, const char *name);

#endif
