/* SPDX-License-Identifier: MIT */
#include "symbols/units.h"

#include <dwarf.h>
#include <stdlib.h>

#include "base/base.h"

static void ranges_add(struct ranges *ranges, Dwarf_Die *die, const Dwarf_Die *value)
{
    Dwarf_Addr base = 0, low = 0, high = 0;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
        if (low >= high || !low) /* 0: a section that the linker left out */
            continue;
        ranges->list =
            base_room(ranges->list, &ranges->cap, ranges->count + 1, sizeof *ranges->list);
        ranges->list[ranges->count++] = (struct range){low, high, *value};
    }
}

static int range_order(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->high > y->high ? -1 : x->high < y->high;
}

/* The innermost range that holds `address`: of those that do, the one that begins last. Ranges that
 * overlap are nested, and rare; a few steps back are enough. */
static struct range *ranges_find(const struct ranges *ranges, Dwarf_Addr address)
{
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->list[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 0; back < 16 && low > back; back++)
        if (address < ranges->list[low - 1 - back].high)
            return &ranges->list[low - 1 - back];
    return NULL;
}

static const char *unit_language(Dwarf_Die *die)
{
    switch (dwarf_srclang(die)) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case 0x2c: /* C17 */
        return "C";
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case 0x2b: /* C++20 */
    case 0x2a: /* C++17 */
        return "C++";
    case DW_LANG_Rust:
        return "Rust";
    case DW_LANG_Go:
        return "Go";
    case DW_LANG_D:
        return "D";
    case DW_LANG_Mips_Assembler:
        return "assembler";
    case DW_LANG_Fortran77:
    case DW_LANG_Fortran90:
    case DW_LANG_Fortran95:
    case DW_LANG_Fortran03:
    case DW_LANG_Fortran08:
        return "Fortran";
    default:
        return "native";
    }
}

void units_make(struct units *units, Dwarf *dwarf)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die, sub;
    while (dwarf_get_units(dwarf, cu, &cu, &version, &type, &die, &sub) == 0) {
        if (dwarf_tag(&die) != DW_TAG_compile_unit && dwarf_tag(&die) != DW_TAG_skeleton_unit)
            continue;
        units->list = base_room(units->list, &units->cap, units->count + 1, sizeof *units->list);
        struct unit *unit = &units->list[units->count];
        *unit = (struct unit){.die = die, .contents = die};
        if (type == DW_UT_skeleton && dwarf_tag(&sub) == DW_TAG_compile_unit)
            unit->contents = sub;
        if (type == DW_UT_skeleton)
            units->split = true;
        unit->language = unit_language(&unit->contents);
        /* The range's die is of no use for units: its address field carries the unit's number. */
        Dwarf_Die number = {.addr = (void *)(uintptr_t)units->count++};
        ranges_add(&units->ranges, &die, &number);
    }
    if (units->ranges.count)
        qsort(units->ranges.list, units->ranges.count, sizeof *units->ranges.list, range_order);
}

/* All functions with code under `parent`: those of classes, name spaces and other functions too.
 * `depth` bounds the recursion against damaged files. */
static void unit_collect(struct unit *unit, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die child;
    if (depth > 64 || dwarf_child(parent, &child))
        return;
    do {
        switch (dwarf_tag(&child)) {
        case DW_TAG_subprogram:
            ranges_add(&unit->functions, &child, &child);
            unit_collect(unit, &child, depth + 1);
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
            unit_collect(unit, &child, depth + 1);
            break;
        default:
            break;
        }
    } while (!dwarf_siblingof(&child, &child));
}

static void unit_index(struct unit *unit)
{
    unit->indexed = true;
    unit_collect(unit, &unit->contents, 0);
    if (unit->functions.count)
        qsort(unit->functions.list, unit->functions.count, sizeof *unit->functions.list,
              range_order);
}

struct unit *units_find(struct units *units, Dwarf_Addr address)
{
    struct range *found = ranges_find(&units->ranges, address);
    return found ? &units->list[(uintptr_t)found->die.addr] : NULL;
}

struct range *unit_function(struct unit *unit, Dwarf_Addr address)
{
    if (!unit->indexed)
        unit_index(unit);
    return ranges_find(&unit->functions, address);
}

void units_free(struct units *units)
{
    for (size_t i = 0; i < units->count; i++)
        free(units->list[i].functions.list);
    free(units->list);
    free(units->ranges.list);
    *units = (struct units){0};
}
