/* SPDX-License-Identifier: MIT */
#include "loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libsystem.h"

void loader_fail(const struct image *image, const char *format, ...)
{
    va_list list;
    fflush(stdout);
    fprintf(stderr, "loader: %s: ", image ? image->path : "the command line");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    _exit(127);
}

static void usage(void)
{
    fprintf(stderr, "usage: loader [--insert LIBRARY] [--hide NAME]... [--] PROGRAM [ARGUMENT...]\n"
                    "  runs a Mach-O program for x86_64 on Linux\n"
                    "  --insert LIBRARY  as the variable " INSERT " does\n"
                    "  --hide NAME       of the C library: it is not there\n");
    exit(2);
}

static void fix(struct image *image)
{
    fixups_opcodes(image);
    fixups_chained(image);
}

/* Libraries of the program's own stand beside it, whatever their names begin with; others are macOS's. */
static void load_libraries(const struct image *image)
{
    const char *slash = strrchr(image->path, '/');
    for (unsigned i = 0; i < image->dylib_count; i++) {
        const char *name = image->dylibs[i];
        if (!strncmp(name, "/usr/lib/", 9) || !strncmp(name, "/System/", 8))
            continue;
        const char *own = strrchr(name, '/');
        char path[4096];
        snprintf(path, sizeof path, "%.*s/%s", (int)(slash - image->path), image->path,
                 own ? own + 1 : name);
        image_map(path);
    }
}

/* The inserted library is bound first, as its tuples are needed for the others; its initialisers are run first, as dyld does. */
static void load(const char *program, const char *library)
{
    struct image *image = image_map(program);
    struct image *inserted = library ? image_map(library) : NULL;
    load_libraries(image);
    if (inserted) {
        inserted->inserted = true;
        fix(inserted);
        bind_tuples(inserted);
    }
    for (unsigned i = image_count; i-- > 0;)
        if (images[i] != inserted)
            fix(images[i]);
    bind_end();
    for (unsigned i = 0; i < image_count; i++)
        locals_begin(images[i]);
    for (unsigned i = 0; i < image_count; i++)
        image_protect(images[i]);
    libsystem_begin();
    if (inserted)
        run_initialisers(inserted);
    for (unsigned i = image_count; i-- > 0;)
        if (images[i] != inserted)
            run_initialisers(images[i]);
}

int main(int argc, char **argv)
{
    static char *nothing;
    const char *library = getenv(INSERT);
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--")) {
            i++;
            break;
        }
        if (i + 1 == argc)
            usage();
        if (!strcmp(argv[i], "--insert"))
            library = argv[++i];
        else if (!strcmp(argv[i], "--hide"))
            libsystem_hide(argv[++i]);
        else
            usage();
    }
    if (i == argc)
        usage();
    parameters = (struct parameters){argc - i, argv + i, environ, &nothing};
    load(argv[i], library);
    run_main(images[0]);
}
