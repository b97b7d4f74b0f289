/* SPDX-License-Identifier: MIT
 *
 * Libraries that are unloaded.
 */
#ifndef MT_DL_H
#define MT_DL_H

#include "loader/modules.h"

/* The dynamic loader is about to release this block: perhaps the last thing that it knew of a library. */
void mt_dl_releases(const void *block);

#endif
