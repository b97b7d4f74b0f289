/* SPDX-License-Identifier: MIT
 *
 * macOS tells only whether there has ever been a second thread (os/darwin_process.c).
 */
#include "base/newer.h"

#include <stddef.h>

static const char unknown;
const char *mt_newer_single_threaded = &unknown;
int (*mt_newer_find_object)(void *, struct dl_find_object *);

bool mt_newer_tells(void)
{
    return false;
}

void mt_newer_init(void)
{
}
