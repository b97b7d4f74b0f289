/* SPDX-License-Identifier: MIT */
#include "base/newer.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/libc.h"

static const char unknown;
const char *mt_newer_single_threaded = &unknown;
int (*mt_newer_find_object)(void *, struct dl_find_object *);

bool mt_newer_tells(void)
{
    return mt_newer_single_threaded != &unknown;
}

/* Whether glibc is 2.`minor` or newer. A look-up in vain would allocate the text of the error. */
static bool is(unsigned minor)
{
    return mt_libc_minor() >= minor;
}

void mt_newer_init(void)
{
    const char *single_threaded = is(32) ? dlsym(RTLD_DEFAULT, "__libc_single_threaded") : NULL;

    if (single_threaded)
        mt_newer_single_threaded = single_threaded;
    if (is(35))
        *(void **)&mt_newer_find_object = dlsym(RTLD_DEFAULT, "_dl_find_object");
}
