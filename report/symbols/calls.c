/* SPDX-License-Identifier: MIT */
#include "symbols/calls.h"

#include <dwarf.h>
#include <stdlib.h>

#include "base/base.h"

#define DEEPEST 64u /* blocks in one another: a damaged file may have more */

static bool has_flag(Dwarf_Die *die, unsigned name, unsigned gnu)
{
    Dwarf_Attribute attribute;
    bool set = false;
    return (dwarf_attr(die, name, &attribute) || dwarf_attr(die, gnu, &attribute)) &&
           !dwarf_formflag(&attribute, &set) && set;
}

static bool address_of(Dwarf_Die *die, unsigned name, Dwarf_Addr *out)
{
    Dwarf_Attribute attribute;
    return dwarf_attr(die, name, &attribute) && !dwarf_formaddr(&attribute, out);
}

/* GCC gives the address behind a tail call, too; clang that of the instruction itself, but for GDB before DWARF 5. */
static void call_add(struct calls *calls, Dwarf_Die *site)
{
    struct call call = {.tail = has_flag(site, DW_AT_call_tail_call, DW_AT_GNU_tail_call)};
    bool gnu = dwarf_tag(site) == DW_TAG_GNU_call_site;
    Dwarf_Attribute attribute;
    if (address_of(site, gnu ? DW_AT_low_pc : DW_AT_call_return_pc, &call.after))
        call.within = call.after - 1;
    else if (!address_of(site, DW_AT_call_pc, &call.within))
        return;
    call.direct = dwarf_attr(site, gnu ? DW_AT_abstract_origin : DW_AT_call_origin, &attribute) &&
                  dwarf_formref_die(&attribute, &call.callee);
    calls->list = base_room(calls->list, &calls->cap, calls->count + 1, sizeof *calls->list);
    calls->list[calls->count++] = call;
}

static void collect(struct calls *calls, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die child;
    if (depth > DEEPEST || dwarf_child(parent, &child))
        return;
    do {
        switch (dwarf_tag(&child)) {
        case DW_TAG_call_site:
        case DW_TAG_GNU_call_site:
            call_add(calls, &child);
            break;
        case DW_TAG_inlined_subroutine:
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
            collect(calls, &child, depth + 1);
            break;
        default:
            break;
        }
    } while (!dwarf_siblingof(&child, &child));
}

static int call_order(const void *a, const void *b)
{
    const struct call *x = a, *y = b;
    if (x->after != y->after)
        return x->after < y->after ? -1 : 1;
    return x->within < y->within ? -1 : x->within > y->within;
}

void calls_take(struct calls *calls, Dwarf_Die *function)
{
    if (calls->function == function->addr)
        return;
    calls->function = function->addr;
    calls->count = 0;
    calls->complete = has_flag(function, DW_AT_call_all_calls, DW_AT_GNU_all_call_sites) ||
                      has_flag(function, DW_AT_call_all_tail_calls, DW_AT_GNU_all_tail_call_sites);
    collect(calls, function, 0);
    if (calls->count > 1)
        qsort(calls->list, calls->count, sizeof *calls->list, call_order);
}

const struct call *calls_find(const struct calls *calls, Dwarf_Addr after)
{
    size_t low = 0, high = calls->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calls->list[middle].after < after)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < calls->count && calls->list[low].after == after;
    return found && !calls->list[low].tail ? &calls->list[low] : NULL;
}

void calls_free(struct calls *calls)
{
    free(calls->list);
    *calls = (struct calls){0};
}
