/* SPDX-License-Identifier: MIT */
#include "symbols/macho.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

#include "symbols/macho_format.h"

static const char cut[] = "is a damaged Mach-O file: what it names lies beyond its end";

bool macho_begins(const unsigned char *data, size_t bytes)
{
    uint32_t magic, count;
    if (bytes < 8)
        return false;
    memcpy(&magic, data, 4);
    memcpy(&count, data + 4, 4);
    if (magic == MACHO_MAGIC || magic == MACHO_MAGIC_32)
        return true;
    return (be32toh(magic) == MACHO_UNIVERSAL || be32toh(magic) == MACHO_UNIVERSAL_64) &&
           be32toh(count) <= MACHO_SLICES_MAX;
}

/* ---- one slice ---- */

static bool inside(size_t bytes, uint64_t offset, uint64_t count)
{
    return offset <= bytes && count <= bytes - offset;
}

/* "__debug_info" becomes ".debug_info". Names have 16 characters there, and one is longer. */
static void debug_name(char out[32], const char name[16])
{
    size_t length = strnlen(name, 16);
    out[0] = '.';
    memcpy(out + 1, name + 2, length - 2);
    out[length - 1] = 0;
    if (!strcmp(out, ".debug_str_offs"))
        strcpy(out, ".debug_str_offsets");
}

/* False: it is damaged. */
static bool take_debug(struct macho *macho, struct macho_bytes slice,
                       const struct macho_section *section)
{
    unsigned type = section->flags & MACHO_SECTION_TYPE;
    if (type == MACHO_ZEROFILL || !section->size || macho->debug_count == MACHO_SECTIONS_MAX)
        return true;
    if (!inside(slice.bytes, section->offset, section->size))
        return false;
    struct macho_debug *debug = &macho->debug[macho->debug_count++];
    debug_name(debug->name, section->name);
    debug->content = (struct macho_bytes){slice.data + section->offset, (size_t)section->size};
    if (!strcmp(debug->name, ".debug_info"))
        macho->has_debug = true;
    return true;
}

static const char *take_segment(struct macho *macho, struct macho_bytes slice,
                                const unsigned char *command, size_t bytes, unsigned *number)
{
    struct macho_segment segment;
    if (bytes < sizeof segment)
        return cut;
    memcpy(&segment, command, sizeof segment);
    if (segment.section_count > (bytes - sizeof segment) / sizeof(struct macho_section))
        return cut;
    if (!strncmp(segment.name, "__TEXT", 16)) {
        macho->base = segment.address;
        macho->size = segment.size;
    }
    for (uint32_t i = 0; i < segment.section_count; i++) {
        struct macho_section section;
        memcpy(&section, command + sizeof segment + i * sizeof section, sizeof section);
        ++*number;
        if (!strncmp(section.name, "__debug_", 8) && !take_debug(macho, slice, &section))
            return cut;
        if (section.flags & MACHO_SECTION_CODE && macho->code_count < MACHO_SECTIONS_MAX)
            macho->code[macho->code_count++] = (struct macho_code){
                .address = section.address, .size = section.size, .number = *number};
    }
    return NULL;
}

/* Whether a debugger is told of object files. */
static bool has_objects(struct macho_bytes symbols)
{
    for (size_t at = 0; at + sizeof(struct macho_symbol) <= symbols.bytes;
         at += sizeof(struct macho_symbol))
        if (symbols.data[at + offsetof(struct macho_symbol, type)] == MACHO_SYMBOL_OBJECT)
            return true;
    return false;
}

static const char *take_symtab(struct macho *macho, struct macho_bytes slice,
                               const unsigned char *command, size_t bytes)
{
    struct macho_symtab symtab;
    if (bytes < sizeof symtab)
        return cut;
    memcpy(&symtab, command, sizeof symtab);
    uint64_t symbol_bytes = (uint64_t)symtab.symbol_count * sizeof(struct macho_symbol);
    if (!inside(slice.bytes, symtab.symbols, symbol_bytes) ||
        !inside(slice.bytes, symtab.strings, symtab.string_bytes))
        return cut;
    macho->symbols = (struct macho_bytes){slice.data + symtab.symbols, symbol_bytes};
    macho->strings = (struct macho_bytes){slice.data + symtab.strings, symtab.string_bytes};
    macho->objects = has_objects(macho->symbols);
    return NULL;
}

static const char *take_command(struct macho *macho, struct macho_bytes slice,
                                const unsigned char *command, struct macho_command head,
                                unsigned *number)
{
    switch (head.kind) {
    case MACHO_SEGMENT:
        return take_segment(macho, slice, command, head.bytes, number);
    case MACHO_SYMTAB:
        return take_symtab(macho, slice, command, head.bytes);
    case MACHO_UUID:
        if (head.bytes < sizeof(struct macho_uuid))
            return cut;
        macho->id = command + offsetof(struct macho_uuid, uuid);
        return NULL;
    default:
        return NULL;
    }
}

static const char *slice_read(struct macho *macho, struct macho_bytes slice)
{
    struct macho_header header;
    *macho = (struct macho){0};
    if (slice.bytes < sizeof header)
        return cut;
    memcpy(&header, slice.data, sizeof header);
    if (header.magic == MACHO_MAGIC_32)
        return "is a Mach-O file of 32 bits, which memtrace does not read";
    if (header.magic != MACHO_MAGIC)
        return "is a damaged Mach-O file: there is none where its head says";
    if (header.cpu != MACHO_CPU_X86_64 && header.cpu != MACHO_CPU_ARM64)
        return "is a Mach-O file for another machine than x86_64 and arm64";
    macho->machine = header.cpu == MACHO_CPU_X86_64 ? EM_X86_64 : EM_AARCH64;
    if (header.command_bytes > slice.bytes - sizeof header)
        return cut;
    const unsigned char *at = slice.data + sizeof header;
    size_t left = header.command_bytes;
    unsigned number = 0;
    for (uint32_t i = 0; i < header.command_count; i++) {
        struct macho_command command;
        if (left < sizeof command)
            return cut;
        memcpy(&command, at, sizeof command);
        if (command.bytes < sizeof command || command.bytes > left)
            return "is a damaged Mach-O file: a load command is longer than all of them";
        const char *problem = take_command(macho, slice, at, command, &number);
        if (problem)
            return problem;
        at += command.bytes;
        left -= command.bytes;
    }
    if (!macho->size || macho->base + macho->size < macho->base)
        return "is a damaged Mach-O file: its segment __TEXT has no size";
    return NULL;
}

/* ---- a file ---- */

/* Slice number i; false: there is none. A file of one machine is its only one. `slice` of no bytes: it lies beyond the end. */
static bool file_slice(const unsigned char *data, size_t bytes, uint32_t i,
                       struct macho_bytes *slice)
{
    struct macho_universal head;
    uint64_t offset, size;
    memcpy(&head, data, sizeof head);
    bool wide = be32toh(head.magic) == MACHO_UNIVERSAL_64;
    if (!wide && be32toh(head.magic) != MACHO_UNIVERSAL) {
        *slice = (struct macho_bytes){data, bytes};
        return i == 0;
    }
    if (i >= be32toh(head.count))
        return false;
    struct macho_slice narrow = {0};
    struct macho_slice_64 large = {0};
    size_t length = wide ? sizeof large : sizeof narrow, at = sizeof head + i * length;
    *slice = (struct macho_bytes){data, 0};
    if (!inside(bytes, at, length))
        return true;
    memcpy(wide ? (void *)&large : (void *)&narrow, data + at, length);
    offset = wide ? be64toh(large.offset) : be32toh(narrow.offset);
    size = wide ? be64toh(large.bytes) : be32toh(narrow.bytes);
    if (inside(bytes, offset, size))
        *slice = (struct macho_bytes){data + offset, (size_t)size};
    return true;
}

const char *macho_read(struct macho *macho, const unsigned char *data, size_t bytes,
                       const unsigned char *id, size_t id_bytes)
{
    struct macho_bytes slice;
    const char *first = NULL;
    bool other = false;
    if (!macho_begins(data, bytes))
        return "is no Mach-O file";
    for (uint32_t i = 0; file_slice(data, bytes, i, &slice); i++) {
        const char *problem = slice_read(macho, slice);
        bool same = !problem && (!id_bytes || (macho->id && id_bytes == MACHO_ID_BYTES &&
                                               !memcmp(macho->id, id, id_bytes)));
        if (same)
            return NULL;
        other |= !problem;
        if (problem && !first)
            first = problem;
    }
    if (other || !first)
        return "is not the file that ran (its build-id differs)";
    return first;
}

size_t macho_ids(const unsigned char *data, size_t bytes, unsigned char *out, size_t most,
                 bool *debug)
{
    struct macho_bytes slice;
    struct macho macho;
    size_t count = 0;
    *debug = false;
    if (!macho_begins(data, bytes))
        return 0;
    for (uint32_t i = 0; count < most && file_slice(data, bytes, i, &slice); i++) {
        if (slice_read(&macho, slice) || !macho.id)
            continue;
        memcpy(out + count++ * MACHO_ID_BYTES, macho.id, MACHO_ID_BYTES);
        *debug |= macho.has_debug;
    }
    return count;
}
