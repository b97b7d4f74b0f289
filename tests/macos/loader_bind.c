/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libsystem.h"
#include "loader.h"

#define MISSING_MAX 256u
#define TUPLES_MAX  1024u

struct missing {
    const struct image *image;
    const char *name;
};
static struct missing missing[MISSING_MAX];
static unsigned missing_count;

struct tuple {
    void *replacement, *replacee;
};
static struct tuple tuples[TUPLES_MAX];
unsigned tuple_count;

/* The image that `name` of a load command stands for: one that was loaded already; NULL: macOS's own. */
static const struct image *image_named(const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    for (unsigned i = 0; i < image_count; i++) {
        const char *own = images[i]->own_name;
        if (!own)
            continue;
        slash = strrchr(own, '/');
        if (!strcmp(slash ? slash + 1 : own, name))
            return images[i];
    }
    return NULL;
}

static void *find_anywhere(const char *name)
{
    for (unsigned i = 0; i < image_count; i++) {
        void *found = image_export(images[i], name);
        if (found)
            return found;
    }
    return libsystem_find(name);
}

static void *find(struct image *image, const char *name, int ordinal)
{
    if (ordinal == 0)
        return image_export(image, name);
    if (ordinal == -1)
        return image_export(images[0], name);
    if (ordinal < 0)
        return find_anywhere(name);
    if ((unsigned)ordinal > image->dylib_count)
        loader_fail(image, "%s is of library %d, of %u", name, ordinal, image->dylib_count);
    const struct image *other = image_named(image->dylibs[ordinal - 1]);
    return other ? image_export(other, name) : libsystem_find(name);
}

void *bind_name(struct image *image, const char *name, int ordinal, bool weak)
{
    if (!strcmp(name, "__tlv_bootstrap")) {
        if (image->inserted)
            loader_fail(image, "has thread-local variables: the first use of one would allocate");
        return image; /* anything: locals_begin writes what counts */
    }
    void *target = find(image, name, ordinal);
    if (target || weak || ordinal == -3)
        return bind_interposed(image, target);
    for (unsigned i = 0; i < missing_count; i++)
        if (!strcmp(missing[i].name, name))
            return NULL;
    if (missing_count < MISSING_MAX) {
        missing[missing_count].image = image;
        missing[missing_count++].name = name;
    }
    return NULL;
}

static int missing_order(const void *a, const void *b)
{
    return strcmp(((const struct missing *)a)->name, ((const struct missing *)b)->name);
}

void bind_end(void)
{
    if (!missing_count)
        return;
    qsort(missing, missing_count, sizeof missing[0], missing_order);
    fprintf(stderr, "loader: what these names are is not known:\n");
    for (unsigned i = 0; i < missing_count; i++)
        fprintf(stderr, "  %s of %s\n", missing[i].name, missing[i].image->path);
    exit(127);
}

void *bind_interposed(const struct image *image, void *target)
{
    for (unsigned i = 0; target && !image->inserted && i < tuple_count; i++)
        if (tuples[i].replacee == target)
            return tuples[i].replacement;
    return target;
}

/* A weak function that is not there stands for nothing. */
static void take_tuples(struct image *image, const struct macho_section *section,
                        unsigned char *memory)
{
    for (size_t at = 0; at + sizeof(struct tuple) <= section->size; at += sizeof(struct tuple)) {
        struct tuple tuple;
        memcpy(&tuple, memory + at, sizeof tuple);
        if (!tuple.replacee)
            continue;
        if (tuple_count == TUPLES_MAX)
            loader_fail(image, "more than %u tuples", TUPLES_MAX);
        tuples[tuple_count++] = tuple;
    }
}

void bind_tuples(struct image *image)
{
    image_sections(image, 0, "__interpose", take_tuples);
}
