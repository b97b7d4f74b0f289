/* SPDX-License-Identifier: MIT
 *
 * scripts/private-jemalloc puts the variables into the sections mt_je_data and mt_je_zeros, and what
 * the thread-local ones begin with into mt_je_tls.
 */
#include "base/meta_image.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "os/os.h"

#define HIDDEN __attribute__((visibility("hidden")))
extern char __start_mt_je_data[] HIDDEN, __stop_mt_je_data[] HIDDEN;
extern char __start_mt_je_zeros[] HIDDEN, __stop_mt_je_zeros[] HIDDEN;
extern const char __start_mt_je_tls[] HIDDEN, __stop_mt_je_tls[] HIDDEN;
extern __thread char mt_je_tsd_tls[] __attribute__((tls_model("initial-exec"))) HIDDEN;

static char image[4096]; /* of mt_je_data */
static bool kept;

static size_t data_bytes(void)
{
    return (size_t)(__stop_mt_je_data - __start_mt_je_data);
}

void mt_meta_image_keep(void)
{
    if (kept)
        return;
    if (data_bytes() > sizeof image)
        __builtin_trap(); /* another jemalloc than this was written for: at the first event of any program */
    memcpy(image, __start_mt_je_data, data_bytes());
    kept = true;
}

/* Most of them are the root of jemalloc's map of the address space, 2 MiB: whole pages are given back. */
static void restore_zeros(void)
{
    uintptr_t mask = mt_os_page() - 1, start = (uintptr_t)__start_mt_je_zeros,
              end = (uintptr_t)__stop_mt_je_zeros, from = (start + mask) & ~mask, to = end & ~mask;
    if (from >= to || !mt_os_zero(__start_mt_je_zeros + (from - start), to - from))
        from = to = end;
    memset(__start_mt_je_zeros, 0, from - start);
    memset(__start_mt_je_zeros + (to - start), 0, end - to);
}

static void restore_thread(void)
{
    memcpy(mt_je_tsd_tls, __start_mt_je_tls, (size_t)(__stop_mt_je_tls - __start_mt_je_tls));
}

void mt_meta_image_end_thread(void (*end)(void *))
{
    end(mt_je_tsd_tls);
    restore_thread();
}

void mt_meta_image_restore(void)
{
    if (!kept)
        return; /* it never ran */
    memcpy(__start_mt_je_data, image, data_bytes());
    restore_zeros();
    restore_thread();
}
