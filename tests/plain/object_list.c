/* SPDX-License-Identifier: MIT
 *
 * What is read from the loader's list (loader/object_list_glibc.c) is what glibc itself says of each address, for all that is
 * loaded: the program, its libraries, the loader, what dlopen adds, which is found without being told, and what dlclose takes
 * away, while other threads ask. Arguments: two libraries to load. Prints nothing when all is well.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/newer.h"
#include "loader/object.h"
#include "loader/object_list.h"

#define ROUNDS 200

static unsigned wrong, objects;

static void complain(const char *what, uintptr_t address, const char *path)
{
    printf("%s: %#lx in %s\n", what, (unsigned long)address, path ? path : "nothing");
    wrong++;
}

static void check(uintptr_t address)
{
    struct mt_object by_list = {0}, by_glibc = {0};
    bool list = mt_object_list_at(address, &by_list), glibc = mt_object_at(address, &by_glibc);

    if (list != glibc)
        complain(glibc ? "not found" : "found", address, glibc ? by_glibc.path : by_list.path);
    else if (list && (by_list.begin != by_glibc.begin || by_list.end != by_glibc.end ||
                      by_list.base != by_glibc.base || by_list.path != by_glibc.path ||
                      by_list.handle != by_glibc.handle || by_list.unwinding != by_glibc.unwinding))
        complain("another answer", address, by_glibc.path);
}

static int each(struct dl_phdr_info *object, size_t bytes, void *unused)
{
    (void)bytes, (void)unused;
    objects++;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];

        if (p->p_type != PT_LOAD)
            continue;
        check(object->dlpi_addr + p->p_vaddr);
        check(object->dlpi_addr + p->p_vaddr + p->p_memsz - 1);
        check(object->dlpi_addr + p->p_vaddr + p->p_memsz / 2);
    }
    return 0;
}

static atomic_bool done;

static void *ask(void *function)
{
    struct mt_object object;

    while (!done)
        if (!mt_object_list_at((uintptr_t)function, &object) || object.handle == NULL)
            complain("lost by a thread", (uintptr_t)function, NULL);
    return NULL;
}

/* Each library comes, is found, goes, and is not found. */
static void come_and_go(char **paths)
{
    struct mt_object object;

    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *path = paths[round % 2];
        struct link_map *map = dlopen(path, RTLD_NOW);
        uintptr_t at;

        if (!map) {
            complain(dlerror(), 0, path);
            return;
        }
        at = (uintptr_t)map->l_ld;
        if (!mt_object_list_at(at, &object) || object.handle != map || object.path != map->l_name)
            complain("new, not found", at, path);
        mt_object_list_forget();
        dlclose(map);
        mt_object_list_forget();
        if (mt_object_list_at(at, &object))
            complain("gone, found", at, path);
    }
}

int main(int n, char **arguments)
{
    static int in_bss;
    pthread_t threads[2];

    if (n != 3 || !mt_object_list_works())
        return puts("object_list LIBRARY LIBRARY") < 0 ? 3 : 2;
    if (mt_newer_find_object) {
        dl_iterate_phdr(each, NULL);
        check((uintptr_t)&in_bss);
        check((uintptr_t)&n);
        check(0);
        check(UINTPTR_MAX);
        if (objects < 4)
            complain("too few objects", objects, NULL);
    }
    pthread_create(&threads[0], NULL, ask, (void *)(uintptr_t)main);
    pthread_create(&threads[1], NULL, ask, (void *)(uintptr_t)pthread_create);
    come_and_go(arguments + 1);
    done = true;
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return wrong != 0;
}
