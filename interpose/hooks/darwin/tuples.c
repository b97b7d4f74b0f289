/* SPDX-License-Identifier: MIT
 *
 * dyld reads pairs of pointers in the section __DATA,__interpose of a library that it inserts: in all other images the second one is
 * replaced by the first.
 */
#include "hooks/darwin/wrapped.h"

struct tuple {
    const void *wrapper, *original;
};

#define MT_HOOK(symbol, result, parameters)                                                        \
    static const struct tuple tuple_##symbol                                                       \
        __attribute__((used, section("__DATA,__interpose"))) = {(const void *)mt_hook_##symbol,    \
                                                                (const void *)symbol};
#include "hooks_darwin.def"
