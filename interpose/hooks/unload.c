/* SPDX-License-Identifier: MIT */
#include "hooks/unload.h"
#include "unwind/unwind.h"

void mt_unload_flush(void)
{
    mt_modules_flush();
    mt_unwind_flush();
}

void mt_unload_releases(const void *block)
{
    if (mt_modules_unloaded(block))
        mt_unload_flush();
}
