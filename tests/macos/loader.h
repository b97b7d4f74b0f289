/* SPDX-License-Identifier: MIT
 *
 * A small loader of Mach-O programs for Linux on x86_64, for tests: it shows that fixups, __interpose tuples and our own code do what they
 * should. It is not Apple's dyld, and below it is glibc, not macOS.
 *
 *   loader [--insert LIBRARY] [--hide NAME]... [--] PROGRAM [ARGUMENT...]
 *
 *   loader.c            command line; the order in which images are loaded, bound and begun
 *   loader_map.c        a file becomes segments in memory, with a slide
 *   loader_opcodes.c    fixups as opcodes (LC_DYLD_INFO)
 *   loader_chained.c    fixups as chains (LC_DYLD_CHAINED_FIXUPS)
 *   loader_exports.c    what an image defines: the exports trie, the symbol table
 *   loader_bind.c       what a name of another image stands for; tuples
 *   loader_locals.c     thread-local variables of the program
 *   loader_run.c        initialisers, terminators, main
 *   libsystem*.c        macOS's C library by glibc
 *
 * Images are trusted as far as the tests' own compiler is: what is odd ends the loader with a message, and so does what it does not do:
 * thread-local variables of the inserted library, names that it does not know.
 */
#ifndef LOADER_H
#define LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../report/symbols/macho_format.h"

#define INSERT "DYLD_INSERT_LIBRARIES" /* the variable: one library */

#define IMAGES_MAX   16u
#define SEGMENTS_MAX 16u
#define DYLIBS_MAX   16u

struct segment {
    const struct macho_segment *command;
    const struct macho_section *sections;
    unsigned char *memory; /* NULL: __PAGEZERO */
};
/* A part of the file. */
struct part {
    const unsigned char *data;
    size_t bytes;
};
struct image {
    const char *path;
    struct part file; /* the slice for this machine */
    const struct macho_header *header;
    struct segment segments[SEGMENTS_MAX];
    unsigned segment_count;
    const char *dylibs[DYLIBS_MAX]; /* what it is linked with; ordinal 1 first */
    unsigned dylib_count;
    const char *own_name; /* LC_ID_DYLIB; NULL: none */
    struct part rebase, bind, weak, lazy, exports, chains;
    const struct macho_symbol *symbols;
    size_t symbol_count;
    struct part strings;
    uint64_t base; /* address of __TEXT in the file */
    intptr_t slide;
    uint64_t entry; /* of main, from the file's begin; 0: none */
    bool inserted;  /* its own references are not interposed */
};

/* All images, the program first. They stay where they are. */
extern struct image *images[IMAGES_MAX];
extern unsigned image_count;

/* End with a message. */
_Noreturn void loader_fail(const struct image *image, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Map a file: writable, nothing fixed up. Never NULL; added to `images`. */
struct image *image_map(const char *path);
/* Now as the segments want to be protected. */
void image_protect(const struct image *image);
/* Where an address in the file is in memory; fails if `bytes` from there on are in no segment. */
unsigned char *image_at(const struct image *image, uint64_t address, size_t bytes);
/* Likewise in segment number `segment`. */
unsigned char *image_in_segment(const struct image *image, unsigned segment, uint64_t offset,
                                size_t bytes);
/* The image that has this address in memory; NULL: none. */
struct image *image_of(const void *address);
/* Call `take` for every section of this type, or of this name if that is not NULL. */
void image_sections(struct image *image, unsigned type, const char *name,
                    void (*take)(struct image *, const struct macho_section *, unsigned char *));

/* A number of up to 64 bits in groups of 7; steps `*at`, at most to `end`. */
uint64_t read_uleb(const struct image *image, const unsigned char **at, const unsigned char *end);
int64_t read_sleb(const struct image *image, const unsigned char **at, const unsigned char *end);
/* The text at `*at`, which is then behind its end. */
const char *read_text(const struct image *image, const unsigned char **at,
                      const unsigned char *end);

/* What the image exports by this name (with its underscore); NULL: nothing. */
void *image_export(const struct image *image, const char *name);
/* The name nearest below an address, and its own address; NULL: none. */
const char *image_nearest(const struct image *image, const void *address, void **start);

/* A reference: of `image` to `name` in dylib number `ordinal` (0 itself, -1 the program, -2 any, -3 any, by weakness). NULL only for a
 * weak one. What is strong and not there is collected for bind_end. */
void *bind_name(struct image *image, const char *name, int ordinal, bool weak);
/* Fails with the list of what was not there. */
void bind_end(void);
/* What `target` is for `image`: the replacement, if an inserted image has a tuple for it. */
void *bind_interposed(const struct image *image, void *target);
/* Read the tuples of an inserted image, whose own references are bound. */
void bind_tuples(struct image *image);
extern unsigned tuple_count;

/* Apply what the image has of one kind or the other. */
void fixups_opcodes(struct image *image);
void fixups_chained(struct image *image);

/* Make the image's thread-local variables ready. All is bound. */
void locals_begin(struct image *image);

/* Initialisers; terminators are left for exit. `parameters`: argc, argv, envp, apple. */
struct parameters {
    int argc;
    char **argv, **envp, **apple;
};
extern struct parameters parameters;
void run_initialisers(struct image *image);
/* main, and then exit. */
_Noreturn void run_main(struct image *image);
/* Call f(argument) so that the chain of frame pointers ends here, as it does where macOS begins a program or a thread. */
void *run_first(void *(*f)(void *), void *argument);

#endif
