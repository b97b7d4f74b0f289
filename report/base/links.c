/* SPDX-License-Identifier: MIT */
#include "base/links.h"

#include <stdlib.h>

#include "base/base.h"

void links_grow(struct links *links)
{
    struct links old = *links;
    size_t count = old.slots ? (old.mask + 1) * 2 : 64;
    links->slots = base_alloc(count, sizeof *links->slots);
    links->mask = count - 1;
    for (size_t i = 0; old.slots && i <= old.mask; i++) {
        size_t at = old.slots[i] >> 32 & links->mask;
        while (old.slots[i] && links->slots[at])
            at = (at + 1) & links->mask;
        if (old.slots[i])
            links->slots[at] = old.slots[i];
    }
    free(old.slots);
}

void links_free(struct links *links)
{
    free(links->slots);
    *links = (struct links){0};
}
