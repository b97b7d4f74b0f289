/* SPDX-License-Identifier: MIT
 *
 * glibc has _dl_find_object from 2.35 on: it takes no lock and may be called in a signal handler.
 * dl_iterate_phdr would take the loader's lock, and the thread that holds it may wait for a lock of
 * ours. With older versions the loader's list is read (object_list.h), or dladdr asked, for where a lock does no harm.
 */
#include "loader/object.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#include "base/libc.h"
#include "base/newer.h"
#include "loader/object_list.h"
#include "os/os.h"

bool mt_object_works(void)
{
    return mt_newer_find_object || mt_object_list_works();
}

/* What the segments take, from the lowest one's first byte to the last one's end, as the file has it. */
static void span_of(const ElfW(Phdr) * p, size_t count, uintptr_t *low, uintptr_t *high)
{
    *low = UINTPTR_MAX;
    *high = 0;
    for (size_t i = 0; i < count; i++) {
        if (p[i].p_type != PT_LOAD)
            continue;
        *low = p[i].p_vaddr < *low ? p[i].p_vaddr : *low;
        *high = p[i].p_vaddr + p[i].p_memsz > *high ? p[i].p_vaddr + p[i].p_memsz : *high;
    }
}

/* Of a program whose segments lie apart (linked for larger pages than the system's, as node and rustc are) glibc tells the one with
 * the code alone. So the whole range comes from the program headers, as of what glibc maps itself: that lies in one piece. */
static void widen_program(const struct link_map *map, struct mt_object *object)
{
    uintptr_t low, high;

    if (map->l_prev || !mt_object_list_by_exec(map, false))
        return;
    span_of((const ElfW(Phdr) *)getauxval(AT_PHDR), getauxval(AT_PHNUM), &low, &high);
    low = map->l_addr + (low & ~(uintptr_t)(mt_os_page() - 1));
    high += map->l_addr;
    if (low < object->begin)
        object->begin = low;
    if (high > object->end)
        object->end = high;
}

/* Apart, so that the other way of mt_object_at needs less of the stack. */
static __attribute__((noinline)) bool ask_glibc(uintptr_t address, struct mt_object *object)
{
    struct dl_find_object found;
    if (mt_newer_find_object((void *)address, &found) != 0)
        return false;
    *object = (struct mt_object){
        .begin = (uintptr_t)found.dlfo_map_start,
        .end = (uintptr_t)found.dlfo_map_end,
        .base = found.dlfo_link_map->l_addr,
        .path = found.dlfo_link_map->l_name,
        .handle = found.dlfo_link_map,
        .unwinding = found.dlfo_eh_frame,
    };
    widen_program(found.dlfo_link_map, object);
    return true;
}

bool mt_object_at(uintptr_t address, struct mt_object *object)
{
    if (mt_newer_find_object)
        return ask_glibc(address, object);
    return mt_object_list_works() && mt_object_list_at(address, object);
}

void mt_object_forget(void)
{
    if (!mt_newer_find_object)
        mt_object_list_forget();
}

void mt_object_forked(void)
{
    mt_object_list_forked();
}

/* From the program headers, which follow the ELF header that dladdr finds. */
static bool range_by_headers(uintptr_t address, uintptr_t *begin, uintptr_t *end)
{
    Dl_info info;
    if (!dladdr((void *)address, &info))
        return false;
    const ElfW(Ehdr) *elf = info.dli_fbase;
    const ElfW(Phdr) *p = (const void *)((const char *)elf + elf->e_phoff);
    uintptr_t low, high;
    span_of(p, elf->e_phnum, &low, &high);
    if (low >= high)
        return false;
    *begin = (uintptr_t)elf;
    *end = (uintptr_t)elf + (high - low);
    return true;
}

bool mt_object_range(uintptr_t address, uintptr_t *begin, uintptr_t *end)
{
    struct mt_object object;
    if (!mt_object_works())
        return range_by_headers(address, begin, end);
    if (!mt_object_at(address, &object))
        return false;
    *begin = object.begin;
    *end = object.end;
    return true;
}

bool mt_object_loader(uintptr_t *begin, uintptr_t *end)
{
    const struct r_debug *list = mt_libc_is_glibc() ? mt_libc_loaded() : NULL;
    return list && mt_object_works() && mt_object_range(list->r_ldbase, begin, end);
}
