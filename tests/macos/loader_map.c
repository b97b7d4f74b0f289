/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"

struct image *images[IMAGES_MAX];
unsigned image_count;

static struct part part_of(const struct image *image, uint64_t offset, uint64_t bytes)
{
    if (offset > image->file.bytes || bytes > image->file.bytes - offset)
        loader_fail(image, "%llu bytes at offset %llu are not in the file",
                    (unsigned long long)bytes, (unsigned long long)offset);
    return (struct part){image->file.data + offset, bytes};
}

/* The slice for this machine of a universal file; all of another one. */
static void file_slice(struct image *image)
{
    struct macho_universal head;
    memcpy(&head, part_of(image, 0, sizeof head).data, sizeof head);
    if (be32toh(head.magic) != MACHO_UNIVERSAL)
        return;
    for (uint32_t i = 0; i < be32toh(head.count); i++) {
        struct macho_slice slice;
        memcpy(&slice, part_of(image, sizeof head + i * sizeof slice, sizeof slice).data,
               sizeof slice);
        if (be32toh(slice.cpu) == MACHO_CPU_X86_64) {
            image->file = part_of(image, be32toh(slice.offset), be32toh(slice.bytes));
            return;
        }
    }
    loader_fail(image, "no slice for x86_64");
}

static void file_read(struct image *image)
{
    struct stat info;
    int fd = open(image->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0)
        loader_fail(image, "%m");
    unsigned char *data = mmap(NULL, (size_t)info.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        loader_fail(image, "%m");
    close(fd);
    image->file = (struct part){data, (size_t)info.st_size};
    file_slice(image);
    image->header = (const void *)part_of(image, 0, sizeof *image->header).data;
    if (image->header->magic != MACHO_MAGIC || image->header->cpu != MACHO_CPU_X86_64)
        loader_fail(image, "is no Mach-O file for x86_64");
    part_of(image, sizeof *image->header, image->header->command_bytes);
}

static void take_segment(struct image *image, const struct macho_command *command)
{
    const struct macho_segment *segment = (const void *)command;
    if (image->segment_count == SEGMENTS_MAX)
        loader_fail(image, "more than %u segments", SEGMENTS_MAX);
    part_of(image, segment->file_offset, segment->file_bytes);
    if (segment->file_bytes > segment->size ||
        sizeof *segment + segment->section_count * sizeof(struct macho_section) > command->bytes)
        loader_fail(image, "segment %.16s is too small for what is in it", segment->name);
    image->segments[image->segment_count++] =
        (struct segment){.command = segment, .sections = (const void *)(segment + 1)};
    if (!strncmp(segment->name, "__TEXT", 16))
        image->base = segment->address;
}

static void take_symtab(struct image *image, const struct macho_command *command)
{
    const struct macho_symtab *symtab = (const void *)command;
    image->symbol_count = symtab->symbol_count;
    image->symbols =
        (const void *)part_of(image, symtab->symbols, symtab->symbol_count * sizeof *image->symbols)
            .data;
    image->strings = part_of(image, symtab->strings, symtab->string_bytes);
}

static void take_dyld_info(struct image *image, const struct macho_command *command)
{
    const struct macho_dyld_info *info = (const void *)command;
    image->rebase = part_of(image, info->rebase, info->rebase_bytes);
    image->bind = part_of(image, info->bind, info->bind_bytes);
    image->weak = part_of(image, info->weak, info->weak_bytes);
    image->lazy = part_of(image, info->lazy, info->lazy_bytes);
    image->exports = part_of(image, info->exports, info->exports_bytes);
}

static void take_command(struct image *image, const struct macho_command *command)
{
    const struct macho_linkedit *linkedit = (const void *)command;
    const struct macho_dylib *dylib = (const void *)command;
    switch (command->kind & ~MACHO_MUST) {
    case MACHO_SEGMENT:
        take_segment(image, command);
        break;
    case MACHO_SYMTAB:
        take_symtab(image, command);
        break;
    case MACHO_DYLD_INFO:
        take_dyld_info(image, command);
        break;
    case MACHO_EXPORTS_TRIE:
        image->exports = part_of(image, linkedit->offset, linkedit->bytes);
        break;
    case MACHO_CHAINED_FIXUPS:
        image->chains = part_of(image, linkedit->offset, linkedit->bytes);
        break;
    case MACHO_MAIN:
        image->entry = ((const struct macho_main *)(const void *)command)->entry;
        break;
    case MACHO_ID_DYLIB:
        image->own_name = (const char *)command + dylib->name;
        break;
    case MACHO_LOAD_DYLIB:
    case MACHO_LOAD_DYLIB_WEAK:
    case MACHO_REEXPORT_DYLIB:
        if (image->dylib_count == DYLIBS_MAX)
            loader_fail(image, "more than %u libraries", DYLIBS_MAX);
        image->dylibs[image->dylib_count++] = (const char *)command + dylib->name;
        break;
    default:
        break;
    }
}

static void take_commands(struct image *image)
{
    const unsigned char *at = (const unsigned char *)(image->header + 1);
    const unsigned char *end = at + image->header->command_bytes;
    for (uint32_t i = 0; i < image->header->command_count; i++) {
        const struct macho_command *command = (const void *)at;
        if ((size_t)(end - at) < sizeof *command || command->bytes < sizeof *command ||
            command->bytes > (size_t)(end - at))
            loader_fail(image, "load command %u goes beyond the others' end", i);
        take_command(image, command);
        at += command->bytes;
    }
}

static bool is_mapped(const struct macho_segment *segment)
{
    return segment->protection || segment->file_bytes;
}

/* All segments keep their distances; where they lie is the system's choice. */
static void map_segments(struct image *image)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct macho_segment *segment = image->segments[i].command;
        if (is_mapped(segment) && segment->address < low)
            low = segment->address;
        if (is_mapped(segment) && segment->address + segment->size > high)
            high = segment->address + segment->size;
    }
    if (low >= high || high - low > (uint64_t)1 << 32)
        loader_fail(image, "no segments that could be mapped");
    unsigned char *place =
        mmap(NULL, high - low, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        loader_fail(image, "%m");
    image->slide = (intptr_t)place - (intptr_t)low;
    for (unsigned i = 0; i < image->segment_count; i++) {
        struct segment *segment = &image->segments[i];
        if (!is_mapped(segment->command))
            continue;
        segment->memory = place + (segment->command->address - low);
        memcpy(segment->memory, image->file.data + segment->command->file_offset,
               segment->command->file_bytes);
    }
}

struct image *image_map(const char *path)
{
    struct image *image = calloc(1, sizeof *image);
    if (!image || image_count == IMAGES_MAX)
        abort();
    image->path = realpath(path, NULL);
    if (!image->path)
        image->path = path;
    file_read(image);
    take_commands(image);
    map_segments(image);
    images[image_count++] = image;
    return image;
}

void image_protect(const struct image *image)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        uintptr_t low = (uintptr_t)segment->memory & ~(uintptr_t)0xfff;
        uintptr_t high =
            ((uintptr_t)segment->memory + segment->command->size + 0xfff) & ~(uintptr_t)0xfff;
        int protection = (int)segment->command->protection; /* the same bits as Linux's */
        if (!strncmp(segment->command->name, "__DATA_CONST", 16))
            protection = PROT_READ;
        if (segment->memory && mprotect((void *)low, high - low, protection) < 0)
            loader_fail(image, "%.16s: mprotect: %m", segment->command->name);
    }
}

unsigned char *image_in_segment(const struct image *image, unsigned segment, uint64_t offset,
                                size_t bytes)
{
    if (segment >= image->segment_count || !image->segments[segment].memory ||
        offset > image->segments[segment].command->size ||
        bytes > image->segments[segment].command->size - offset)
        loader_fail(image, "a fixup at offset %llu of segment %u, which has none",
                    (unsigned long long)offset, segment);
    return image->segments[segment].memory + offset;
}

unsigned char *image_at(const struct image *image, uint64_t address, size_t bytes)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct macho_segment *segment = image->segments[i].command;
        if (image->segments[i].memory && address >= segment->address &&
            address - segment->address < segment->size)
            return image_in_segment(image, i, address - segment->address, bytes);
    }
    loader_fail(image, "the address %#llx is in no segment", (unsigned long long)address);
}

struct image *image_of(const void *address)
{
    for (unsigned i = 0; i < image_count; i++)
        for (unsigned k = 0; k < images[i]->segment_count; k++) {
            const struct segment *segment = &images[i]->segments[k];
            if (segment->memory &&
                (uintptr_t)address - (uintptr_t)segment->memory < segment->command->size)
                return images[i];
        }
    return NULL;
}

void image_sections(struct image *image, unsigned type, const char *name,
                    void (*take)(struct image *, const struct macho_section *, unsigned char *))
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        for (uint32_t k = 0; k < segment->command->section_count; k++) {
            const struct macho_section *section = &segment->sections[k];
            if (name ? !strncmp(section->name, name, 16)
                     : (section->flags & MACHO_SECTION_TYPE) == type)
                take(image, section, image_at(image, section->address, (size_t)section->size));
        }
    }
}
