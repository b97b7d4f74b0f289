/* SPDX-License-Identifier: MIT
 *
 * Libraries that are unloaded: code addresses change their meaning. Guard set.
 */
#ifndef MT_UNLOAD_H
#define MT_UNLOAD_H

#include "loader/modules.h"

/* Something was or will be unloaded. */
void mt_unload_flush(void);

/* The dynamic loader is about to release this block: perhaps the last thing that it knew of a library. */
void mt_unload_releases(const void *block);

#endif
