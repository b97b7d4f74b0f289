/* SPDX-License-Identifier: MIT
 *
 * dlclose: code addresses change their meaning. dlopen is not wrapped: the loader takes the
 * caller's address to decide where to search; new objects are met when their code is.
 */
#include "hooks.h"
#include "modules.h"

static void flush(void)
{
    if (mt_self.depth || !mt_ready || *mt_ready != 1)
        return;
    int keep = errno;
    mt_guard();
    mt_modules_flush();
    mt_unwind_flush();
    mt_self.depth = 0;
    errno = keep;
}

MT_EXPORT int dlclose(void *handle)
{
    if (!mt_real_known())
        return -1;
    flush();
    int error = mt_real.dlclose(handle);
    flush();
    return error;
}
