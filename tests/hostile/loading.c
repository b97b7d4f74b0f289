/* SPDX-License-Identifier: MIT
 *
 * loading plugins FOLDER: two libraries come and go by turns.
 * loading deepbind FOLDER: one that has libc's own malloc and free before its eyes.
 * loading own FOLDER: one with an allocator of its own.
 */
#include <dlfcn.h>

#include "own.h"

typedef void *make_function(size_t);
typedef void drop_function(void *);

static void *library(const char *folder, const char *name, int flags, make_function **make,
                     drop_function **drop)
{
    char path[4096], symbol[100];
    snprintf(path, sizeof path, "%s/libloaded_%s.so", folder, name);
    void *handle = dlopen(path, RTLD_NOW | flags);
    CHECK(handle);
    snprintf(symbol, sizeof symbol, "%s_make", name);
    *(void **)make = dlsym(handle, symbol);
    snprintf(symbol, sizeof symbol, "%s_drop", name);
    *(void **)drop = dlsym(handle, symbol);
    return handle;
}

static int plugins(const char *folder)
{
    make_function *make;
    drop_function *drop;
    uintptr_t places[2] = {0};
    int same = 0;
    for (unsigned i = 0; i < 50; i++) {
        void *handle = library(folder, i % 2 ? "b" : "a", 0, &make, &drop);
        same += (uintptr_t)make == places[(i + 1) % 2];
        places[i % 2] = (uintptr_t)make;
        for (unsigned j = 0; j < 10; j++)
            drop(took(make(100 + i % 2), 100 + i % 2));
        dlclose(handle);
    }
    dprintf(1, "at the other's place: %s\n", same > 30 ? "often" : "seldom");
    return failures ? 1 : 42;
}

static __attribute__((noinline)) void *by_main(size_t bytes)
{
    void *volatile block = malloc(bytes);
    return block;
}

static int deepbind(const char *folder)
{
    make_function *make;
    drop_function *drop;
    void *handle = library(folder, "a", RTLD_DEEPBIND, &make, &drop);
    for (unsigned i = 0; i < 100; i++) {
        free(make(1000)); /* a block unseen */
        void *block = by_main(5000);
        uintptr_t at = (uintptr_t)block;
        drop(block); /* a release unseen */
        block = by_main(5000);
        CHECK((uintptr_t)block == at);
        free(block);
    }
    dlclose(handle);
    return failures ? 1 : 42;
}

static int own(const char *folder)
{
    make_function *make;
    drop_function *drop;
    for (int i = 0; i < 3; i++) {
        void *handle = library(folder, "own", RTLD_LOCAL, &make, &drop);
        for (size_t bytes = 2; bytes < 100000; bytes *= 2)
            drop(took(make(bytes), bytes));
        dlclose(handle);
    }
    return failures ? 1 : 42;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    return !strcmp(argv[1], "plugins") ? plugins(argv[2])
           : !strcmp(argv[1], "own")   ? own(argv[2])
                                       : deepbind(argv[2]);
}
