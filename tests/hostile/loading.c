/* SPDX-License-Identifier: MIT
 *
 * loading plugins FOLDER: two libraries come and go by turns.
 * loading deepbind FOLDER: one that has libc's own malloc and free before its eyes.
 * loading own FOLDER: one with an allocator of its own.
 * loading converter FOLDER: one that comes to lie where libc had a converter of its own, which it has unloaded by itself.
 */
#include <dlfcn.h>
#include <iconv.h>
#include <link.h>

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

struct place {
    const char *name;
    uintptr_t start, end;
};

static int find_place(struct dl_phdr_info *object, size_t bytes, void *context)
{
    struct place *place = context;
    (void)bytes;
    if (!object->dlpi_name || !strstr(object->dlpi_name, place->name))
        return 0;
    place->start = object->dlpi_addr;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_LOAD)
            place->end = place->start + object->dlpi_phdr[i].p_vaddr + object->dlpi_phdr[i].p_memsz;
    return 1;
}

/* The converter of UTF-16, which allocates at its first use. libc unloads what is in no use any more after some more calls. */
static struct place converter(void)
{
    struct place place = {"UTF-16", 0, 0}, gone = place;
    char in[] = "text", out[64], *from = in, *to = out;
    size_t in_left = 4, out_left = sizeof out;
    iconv_t other = iconv_open("KOI8-R", "UTF-8"), it = iconv_open("UTF-16", "UTF-8");
    if (it == (iconv_t)-1 || other == (iconv_t)-1)
        return place;
    CHECK(iconv(it, &from, &in_left, &to, &out_left) == 0);
    dl_iterate_phdr(find_place, &place);
    iconv_close(it);
    for (int i = 0; i < 100 && (!i || gone.end); i++) {
        gone.end = 0;
        iconv_close(iconv_open("KOI8-R", "UTF-8"));
        dl_iterate_phdr(find_place, &gone);
    }
    CHECK(!gone.end);
    iconv_close(other);
    return place;
}

static int after_converter(const char *folder)
{
    struct place was = converter();
    int there = 0;
    for (int i = 0; i < 2; i++) {
        make_function *make;
        drop_function *drop;
        library(folder, i ? "b" : "a", 0, &make, &drop);
        there |= (uintptr_t)make >= was.start && (uintptr_t)make < was.end;
        drop(took(make(100000), 100000));
    }
    dprintf(1, "at the converter's place: %s\n", there ? "yes" : "no");
    return failures ? 1 : 42;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    if (!strcmp(argv[1], "converter"))
        return after_converter(argv[2]);
    return !strcmp(argv[1], "plugins") ? plugins(argv[2])
           : !strcmp(argv[1], "own")   ? own(argv[2])
                                       : deepbind(argv[2]);
}
