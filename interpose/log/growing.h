/* SPDX-License-Identifier: MIT
 *
 * What open.c shares with log.c: the log's file becomes its memory.
 */
#ifndef MT_LOG_GROWING_H
#define MT_LOG_GROWING_H

#include <stdbool.h>

#include "base/lock.h"

/* Guards the file's growth, the extent directory, and the move to another file. */
extern struct mt_lock mt_log_growing;

/* Map the new, empty file, which becomes the log. 0, or -errno: then nothing is mapped. */
int mt_log_map(void);

/* Whether the log's descriptor is at hand: where it was closed, the file is opened again. Under mt_log_growing. */
bool mt_log_reopen(void);

/* Move the nameless log's tables to a new file that has a name. False: not possible, and the old
 * file is still the log. Under mt_log_growing. */
bool mt_log_replace(void);

#endif
