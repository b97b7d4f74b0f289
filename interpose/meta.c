/* SPDX-License-Identifier: MIT
 *
 * jemalloc is in this library under the names mt_je_*; scripts/private-jemalloc makes that copy and
 * sends what it would ask of the process to meta_raw.c. Its own atfork handlers keep it usable in a
 * fork child.
 */
#include "meta.h"

/* jemalloc's interface, as far as it is used: jemalloc(3). */
void *mt_je_mallocx(size_t bytes, int flags);
void *mt_je_rallocx(void *block, size_t bytes, int flags);
void mt_je_dallocx(void *block, int flags);
extern const char *mt_je_malloc_conf;
#define JE_ZERO 0x40 /* MALLOCX_ZERO */

/* One arena and no thread caches: the tables are few and large, and what is not in use goes back to
 * the system at once. retain:false: address space too. oversize_threshold:0: no second arena for
 * big blocks. */
const char *mt_je_malloc_conf =
    "narenas:1,tcache:false,retain:false,dirty_decay_ms:0,muzzy_decay_ms:0,"
    "oversize_threshold:0,dss:disabled,background_thread:false,"
    "abort_conf:false";

void *mt_meta_alloc(size_t bytes)
{
    /* The class of 8-byte blocks is the only one not aligned to 16. */
    return mt_je_mallocx(bytes < 16 ? 16 : bytes, JE_ZERO);
}

void *mt_meta_grow(void *block, size_t old_bytes, size_t new_bytes)
{
    if (!block)
        return mt_meta_alloc(new_bytes);
    if (new_bytes <= old_bytes)
        return block;
    /* jemalloc zeroes what lies beyond the block's real size; between that and old_bytes it was
     * zero from the start. */
    return mt_je_rallocx(block, new_bytes < 16 ? 16 : new_bytes, JE_ZERO);
}

void mt_meta_free(void *block)
{
    if (block)
        mt_je_dallocx(block, 0);
}
