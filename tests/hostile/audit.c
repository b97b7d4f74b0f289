/* SPDX-License-Identifier: MIT
 *
 * An auditing library (rtld-audit(7)): in a namespace of its own, with a libc of its own, and allocating.
 */
#include <link.h>
#include <stdlib.h>

static unsigned long seen;
static void *volatile kept;

unsigned la_version(unsigned version)
{
    kept = malloc(1000);
    return version < LAV_CURRENT ? version : LAV_CURRENT;
}

unsigned la_objopen(struct link_map *map, Lmid_t space, uintptr_t *cookie)
{
    (void)map, (void)space, (void)cookie;
    kept = malloc(100);
    return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

uintptr_t la_symbind64(Elf64_Sym *symbol, unsigned index, uintptr_t *from, uintptr_t *to,
                       unsigned *flags, const char *name)
{
    (void)index, (void)from, (void)to, (void)flags, (void)name;
    free(malloc(10));
    seen++;
    return symbol->st_value;
}
