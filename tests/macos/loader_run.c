/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "loader.h"

struct parameters parameters;

typedef void initialiser(int, char **, char **, char **, const void *);

static struct image *with_terminators[IMAGES_MAX];
static unsigned with_terminators_count;

static void call_initialisers(struct image *image, const struct macho_section *section,
                              unsigned char *memory)
{
    (void)image;
    for (size_t at = 0; at + 8 <= section->size; at += 8) {
        initialiser *f;
        memcpy(&f, memory + at, sizeof f);
        f(parameters.argc, parameters.argv, parameters.envp, parameters.apple, NULL);
    }
}

static void call_offsets(struct image *image, const struct macho_section *section,
                         unsigned char *memory)
{
    for (size_t at = 0; at + 4 <= section->size; at += 4) {
        uint32_t offset;
        memcpy(&offset, memory + at, sizeof offset);
        initialiser *f = (initialiser *)(void *)image_at(image, image->base + offset, 1);
        f(parameters.argc, parameters.argv, parameters.envp, parameters.apple, NULL);
    }
}

static void call_terminators(struct image *image, const struct macho_section *section,
                             unsigned char *memory)
{
    (void)image;
    for (size_t at = section->size / 8 * 8; at; at -= 8) {
        void (*f)(void);
        memcpy(&f, memory + at - 8, sizeof f);
        f();
    }
}

/* Of the images whose initialisers ran last first. */
static void run_terminators(void)
{
    while (with_terminators_count)
        image_sections(with_terminators[--with_terminators_count], MACHO_TERMINATORS, NULL,
                       call_terminators);
}

void run_initialisers(struct image *image)
{
    if (!with_terminators_count)
        atexit(run_terminators);
    with_terminators[with_terminators_count++] = image;
    image_sections(image, MACHO_INITIALISERS, NULL, call_initialisers);
    image_sections(image, MACHO_INITIALISER_OFFSETS, NULL, call_offsets);
}

/* %rbp is 0 while f runs: the last link of the chain. */
__asm__(".text\n"
        ".globl run_first\n"
        ".type run_first, @function\n"
        "run_first:\n"
        "\t.cfi_startproc\n"
        "\tpushq %rbp\n"
        "\t.cfi_def_cfa_offset 16\n"
        "\t.cfi_offset %rbp, -16\n"
        "\tmovq %rdi, %rax\n"
        "\tmovq %rsi, %rdi\n"
        "\txorl %ebp, %ebp\n"
        "\tcallq *%rax\n"
        "\tpopq %rbp\n"
        "\t.cfi_def_cfa_offset 8\n"
        "\tretq\n"
        "\t.cfi_endproc\n"
        ".size run_first, . - run_first\n");

static void *call_main(void *argument)
{
    int (*f)(int, char **, char **, char **) = (int (*)(int, char **, char **, char **))argument;
    return (void *)(intptr_t)f(parameters.argc, parameters.argv, parameters.envp, parameters.apple);
}

void run_main(struct image *image)
{
    if (!image->entry)
        loader_fail(image, "is no program: it has no LC_MAIN");
    exit((int)(intptr_t)run_first(call_main, image_at(image, image->base + image->entry, 1)));
}
