/* SPDX-License-Identifier: MIT
 *
 * What stands for a frame of a stack that has Python and native ones.
 */
#ifndef MT_PYTHON_KEY_H
#define MT_PYTHON_KEY_H

#include <stdint.h>

/* A frame of a merged stack. Native: the pc as in mt_frame. Python: MT_KEY_PYTHON | index in the
 * log's FRAME table. */
typedef uint64_t mt_key;
#define MT_KEY_PYTHON (1ull << 63)

#endif
