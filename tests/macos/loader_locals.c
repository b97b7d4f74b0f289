/* SPDX-License-Identifier: MIT
 *
 * Thread-local variables of the program. Each has a descriptor in the image: a function, which is called with the descriptor in %rdi and gives
 * the address in %rax and changes no other register; the key of the image; the offset. The memory of a thread is made at its first
 * use. (dyld takes it from malloc, which may be interposed: the inserted library may have none.)
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

struct descriptor {
    void *function;
    uint64_t key, offset;
};

static struct {
    pthread_key_t key;
    const unsigned char *begin, *end; /* what a thread's variables begin as */
} locals[IMAGES_MAX];

void *locals_at(const struct descriptor *descriptor);
void locals_get(void);
__attribute__((used)) void *locals_at(const struct descriptor *descriptor)
{
    uint64_t i = descriptor->key;
    char *memory = pthread_getspecific(locals[i].key);
    if (!memory) {
        size_t bytes = (size_t)(locals[i].end - locals[i].begin);
        memory = malloc(bytes);
        memcpy(memory, locals[i].begin, bytes);
        pthread_setspecific(locals[i].key, memory);
    }
    return memory + descriptor->offset;
}

__asm__(".text\n"
        ".type locals_get, @function\n"
        ".globl locals_get\n"
        "locals_get:\n"
        "\tpushq %rbp\n"
        "\tmovq %rsp, %rbp\n"
        "\tpushq %rcx\n\tpushq %rdx\n\tpushq %rsi\n\tpushq %rdi\n"
        "\tpushq %r8\n\tpushq %r9\n\tpushq %r10\n\tpushq %r11\n"
        "\tsubq $512, %rsp\n"
        "\tandq $-16, %rsp\n"
        "\tfxsave64 (%rsp)\n"
        "\tcallq locals_at\n"
        "\tfxrstor64 (%rsp)\n"
        "\tleaq -64(%rbp), %rsp\n"
        "\tpopq %r11\n\tpopq %r10\n\tpopq %r9\n\tpopq %r8\n"
        "\tpopq %rdi\n\tpopq %rsi\n\tpopq %rdx\n\tpopq %rcx\n"
        "\tpopq %rbp\n"
        "\tretq\n"
        ".size locals_get, . - locals_get\n");

static unsigned number_of(const struct image *image)
{
    unsigned i = 0;
    while (images[i] != image)
        i++;
    return i;
}

static void take_descriptors(struct image *image, const struct macho_section *section,
                             unsigned char *memory)
{
    for (size_t at = 0; at + sizeof(struct descriptor) <= section->size;
         at += sizeof(struct descriptor)) {
        struct descriptor *descriptor = (struct descriptor *)(void *)(memory + at);
        descriptor->function = (void *)locals_get;
        descriptor->key = number_of(image);
    }
}

/* The sections with values and those with zeros lie behind one another. */
static void take_values(struct image *image, const struct macho_section *section,
                        unsigned char *memory)
{
    unsigned i = number_of(image);
    if (!locals[i].begin || memory < locals[i].begin)
        locals[i].begin = memory;
    if (memory + section->size > locals[i].end)
        locals[i].end = memory + section->size;
}

void locals_begin(struct image *image)
{
    image_sections(image, MACHO_THREAD_VARIABLES, NULL, take_descriptors);
    image_sections(image, MACHO_THREAD_VALUES, NULL, take_values);
    image_sections(image, MACHO_THREAD_ZEROFILL, NULL, take_values);
    if (pthread_key_create(&locals[number_of(image)].key, free))
        loader_fail(image, "no key for thread-local variables");
}
