/* SPDX-License-Identifier: MIT
 *
 * The headers of a Mach-O object in memory: <mach-o/loader.h>. They stand before its code, in the segment __TEXT.
 */
#ifndef MT_MACHO_HEADERS_H
#define MT_MACHO_HEADERS_H

#include <mach-o/loader.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The command behind `before`, NULL: behind the header. NULL: there are no more, or they are damaged. No lock, no memory. */
static inline const struct load_command *mt_macho_next(const struct mach_header_64 *header,
                                                       const struct load_command *before)
{
    const char *first = (const char *)(header + 1), *end = first + header->sizeofcmds;
    const char *at = before ? (const char *)before + before->cmdsize : first;
    const struct load_command *command = (const void *)at;
    if (header->magic != MH_MAGIC_64 || (size_t)(end - at) < sizeof *command || at >= end ||
        command->cmdsize < sizeof *command || command->cmdsize > (size_t)(end - at))
        return NULL;
    return command;
}

/* The first command of this kind, at least `bytes` long. NULL: none. No lock, no memory. */
static inline const void *mt_macho_command(const struct mach_header_64 *header, uint32_t kind,
                                           size_t bytes)
{
    for (const struct load_command *c = mt_macho_next(header, NULL); c;
         c = mt_macho_next(header, c))
        if (c->cmd == kind && c->cmdsize >= bytes)
            return c;
    return NULL;
}

/* The segment of this name. NULL: none. No lock, no memory. */
static inline const struct segment_command_64 *mt_macho_segment(const struct mach_header_64 *header,
                                                                const char *name)
{
    for (const struct load_command *c = mt_macho_next(header, NULL); c;
         c = mt_macho_next(header, c)) {
        const struct segment_command_64 *segment = (const void *)c;
        if (c->cmd == LC_SEGMENT_64 && c->cmdsize >= sizeof *segment &&
            !strncmp(segment->segname, name, sizeof segment->segname))
            return segment;
    }
    return NULL;
}

/* The section of this name in a segment. NULL: none. No lock, no memory. */
static inline const struct section_64 *mt_macho_section(const struct segment_command_64 *segment,
                                                        const char *name)
{
    const struct section_64 *section = (const void *)(segment + 1);
    for (uint32_t i = 0; i < segment->nsects &&
                         (const char *)(section + 1) <= (const char *)segment + segment->cmdsize;
         i++, section++)
        if (!strncmp(section->sectname, name, sizeof section->sectname))
            return section;
    return NULL;
}

#endif
