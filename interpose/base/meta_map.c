/* SPDX-License-Identifier: MIT */
#include "base/meta.h"

#include "base/own.h"
#include "base/pool.h"
#include "os/call.h"
#include "os/os.h"

void *mt_meta_map(size_t bytes)
{
    void *at = mt_os_locking || mt_os_filtered() ? mt_pool_take(bytes) : NULL;
    if (at)
        return at;
    at = mt_os_map(bytes);
    if (at)
        mt_own_mapped(at, bytes);
    return at;
}

void mt_meta_unmap(void *at, size_t bytes)
{
    if (mt_pool_has(at)) {
        mt_pool_put(at, bytes);
        return;
    }
    mt_own_unmapped(at, bytes);
    mt_os_unmap(at, bytes);
}
