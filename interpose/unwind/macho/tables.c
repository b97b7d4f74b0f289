/* SPDX-License-Identifier: MIT
 *
 * Mach-O: the table of compact encodings in __TEXT,__unwind_info. It has two levels: an index of pages, and pages of functions. An
 * encoding describes the frame, or names an entry of __TEXT,__eh_frame that does.
 */
#include <mach-o/compact_unwind_encoding.h>
#include <string.h>

#include "loader/macho/headers.h"
#include "loader/object.h"
#include "unwind/cfi.h"
#include "unwind/macho/compact.h"

/* Of an object we know its code's segment alone, which has all of these tables. */
bool mt_cfi_segment(const struct mt_object *object, uintptr_t at, uintptr_t *low, uintptr_t *high)
{
    *low = object->begin;
    *high = object->end;
    return at - *low < *high - *low;
}

struct table {
    struct mt_cfi_space *space;
    uintptr_t at; /* of the section */
    struct unwind_info_section_header header;
};

/* Copy `bytes` at this place of the section. False: they are not there. */
static bool copy(const struct table *t, uint64_t place, void *to, size_t bytes)
{
    struct mt_cfi_reader r;

    if (place > UINT32_MAX || !mt_cfi_look(t->space, t->at + place, &r) ||
        (size_t)(r.end - r.at) < bytes)
        return false;
    memcpy(to, r.at, bytes);
    return true;
}

/* Of `count` entries of `bytes` each, which begin with an offset of `mask`'s bits: the number of the last one whose offset is not
 * above `wanted`, or `count`: none, or they are not there. */
static uint32_t last_below(const struct table *t, uint64_t place, uint32_t count, size_t bytes,
                           uint32_t mask, uint32_t wanted)
{
    uint32_t low = 0, high = count, offset;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (!copy(t, place + (uint64_t)middle * bytes, &offset, sizeof offset))
            return count;
        if ((offset & mask) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : count;
}

/* A page whose entries have whole encodings. */
static bool in_regular(const struct table *t, uint64_t page, uint32_t wanted, uint32_t *begin,
                       uint32_t *encoding)
{
    struct unwind_info_regular_second_level_page_header h;
    struct unwind_info_regular_second_level_entry e;

    if (!copy(t, page, &h, sizeof h))
        return false;
    uint64_t entries = page + h.entryPageOffset;
    uint32_t i = last_below(t, entries, h.entryCount, sizeof e, UINT32_MAX, wanted);
    if (i == h.entryCount || !copy(t, entries + i * sizeof e, &e, sizeof e))
        return false;
    *begin = e.functionOffset;
    *encoding = e.encoding;
    return true;
}

/* A page whose entries have offsets from `base`, and numbers of encodings: common ones, then the page's. */
static bool in_compressed(const struct table *t, uint64_t page, uint32_t base, uint32_t wanted,
                          uint32_t *begin, uint32_t *encoding)
{
    struct unwind_info_compressed_second_level_page_header h;
    uint32_t e;

    if (!copy(t, page, &h, sizeof h))
        return false;
    uint64_t entries = page + h.entryPageOffset;
    uint32_t i = last_below(t, entries, h.entryCount, sizeof e, 0xffffff, wanted - base);
    if (i == h.entryCount || !copy(t, entries + i * sizeof e, &e, sizeof e))
        return false;
    *begin = base + UNWIND_INFO_COMPRESSED_ENTRY_FUNC_OFFSET(e);
    uint32_t number = UNWIND_INFO_COMPRESSED_ENTRY_ENCODING_INDEX(e),
             common = t->header.commonEncodingsArrayCount;
    uint64_t at = number < common ? t->header.commonEncodingsArraySectionOffset + number * sizeof e
                                  : page + h.encodingsPageOffset + (number - common) * sizeof e;
    return (number < common || number - common < h.encodingsCount) &&
           copy(t, at, encoding, sizeof *encoding);
}

/* The function that has `wanted`, by its offset from the object's beginning, and its encoding. False: there is none. */
static bool find(const struct table *t, uint32_t wanted, uint32_t *begin, uint32_t *encoding)
{
    struct unwind_info_section_header_index_entry page;
    uint64_t index = t->header.indexSectionOffset;
    uint32_t kind, i = last_below(t, index, t->header.indexCount, sizeof page, UINT32_MAX, wanted);

    if (i == t->header.indexCount || !copy(t, index + i * sizeof page, &page, sizeof page) ||
        !page.secondLevelPagesSectionOffset || /* the last one: where the code ends */
        !copy(t, page.secondLevelPagesSectionOffset, &kind, sizeof kind))
        return false;
    if (kind == UNWIND_SECOND_LEVEL_REGULAR)
        return in_regular(t, page.secondLevelPagesSectionOffset, wanted, begin, encoding);
    return kind == UNWIND_SECOND_LEVEL_COMPRESSED &&
           in_compressed(t, page.secondLevelPagesSectionOffset, page.functionOffset, wanted, begin,
                         encoding);
}

/* 0: the object has no __eh_frame. */
static uintptr_t eh_frame_of(const struct mt_object *object)
{
    const struct segment_command_64 *text = mt_macho_segment(object->handle, SEG_TEXT);
    const struct section_64 *section = text ? mt_macho_section(text, "__eh_frame") : NULL;

    return section ? section->addr + object->base : 0;
}

static enum mt_cfi_result row_by(struct mt_cfi_space *space, uint32_t encoding, uintptr_t begin,
                                 uintptr_t pc, bool others, struct mt_cfi_row *row)
{
    uint32_t dwarf = mt_compact_dwarf(encoding);
    struct mt_cfi_reader code;

    if (dwarf) {
        uintptr_t frames = eh_frame_of(space->object);
        return frames ? mt_cfi_row_of(space, frames + dwarf, pc, others, row) : MT_CFI_UNREADABLE;
    }
    if (!mt_cfi_look(space, begin, &code))
        return MT_CFI_UNREADABLE;
    memset(row, 0, others ? sizeof *row : offsetof(struct mt_cfi_row, other));
    row->begin = begin;
    return mt_compact_row(encoding, code, others, row);
}

enum mt_cfi_result mt_cfi_find(uintptr_t pc, bool others, struct mt_cfi_row *row)
{
    struct mt_object object;
    struct mt_cfi_space space;
    struct table table;
    uint32_t begin, encoding;

    if (!mt_object_at(pc, &object))
        return MT_CFI_NO_OBJECT;
    if (!object.unwinding || pc - object.begin > UINT32_MAX)
        return MT_CFI_NO_FRAME;
    space = (struct mt_cfi_space){.object = &object};
    table = (struct table){.space = &space, .at = (uintptr_t)object.unwinding};
    if (!copy(&table, 0, &table.header, sizeof table.header) ||
        table.header.version != UNWIND_SECTION_VERSION)
        return MT_CFI_UNREADABLE;
    if (!find(&table, (uint32_t)(pc - object.begin), &begin, &encoding))
        return MT_CFI_NO_FRAME;
    return row_by(&space, encoding, object.begin + begin, pc, others, row);
}
