/* SPDX-License-Identifier: MIT
 *
 * What stands for one frame of a stack that has native frames and an interpreter's.
 */
#ifndef MT_FOREIGN_KEY_H
#define MT_FOREIGN_KEY_H

#include <stdint.h>

/* Native: the pc as in mt_frame. An interpreter's: MT_KEY_FOREIGN | index in the log's FRAME table. */
typedef uint64_t mt_key;
#define MT_KEY_FOREIGN (1ull << 63)

/* MT_KEY_CUT | value of the MT_FRAME_CUT frame: frames further out are not known. */
#define MT_KEY_CUT (1ull << 62)

#define MT_KEY_IS_NATIVE(key) ((key) >> 62 == 0)

#endif
