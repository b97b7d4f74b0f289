/* SPDX-License-Identifier: MIT
 *
 * What stands for one frame of a stack that has native and foreign frames.
 */
#ifndef MT_FOREIGN_KEY_H
#define MT_FOREIGN_KEY_H

#include <stdint.h>

/* Of a native frame: its pc, as in mt_frame. Of a foreign one: MT_KEY_FOREIGN | its index in FRAME.
 */
typedef uint64_t mt_key;
#define MT_KEY_FOREIGN (1ull << 63)

/* Frames further out are not known: MT_KEY_CUT | the value of the MT_FRAME_CUT frame. */
#define MT_KEY_CUT (1ull << 62)

#define MT_KEY_IS_NATIVE(key) ((key) >> 62 == 0)

#endif
