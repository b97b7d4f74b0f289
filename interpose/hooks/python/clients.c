/* SPDX-License-Identifier: MIT */
#include "hooks/python/clients.h"

#include "hooks/python/exact.h"
#include "hooks/python/exact_count.h"
#include "hooks/python/objects.h"
#include "hooks/python/source.h"

static void attached(unsigned minor)
{
    mt_python_exact_attach(minor);
    mt_python_source_attach();
}

static void forget(void)
{
    mt_python_source_forget();
    mt_python_exact_forget_lock();
}

const struct mt_python_clients mt_python_hooks = {
    .attached = attached,
    .objects = mt_python_objects_init,
    .settle = mt_python_objects_settle,
    .forget = forget,
};
