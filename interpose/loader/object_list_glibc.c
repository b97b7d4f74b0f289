/* SPDX-License-Identifier: MIT
 *
 * The loader appends to its list what it loads, and takes out what it unloads. So a list whose last entry is the one of before has
 * nothing new, unless something was unloaded: that goes through dlclose, which we wrap, and then all is forgotten.
 */
#include "loader/object_list.h"

#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#include "base/aside.h"
#include "base/libc.h"
#include "os/os.h"

#define KNOWN_MAX  512   /* objects; those beyond are looked for each time */
#define LIST_MAX   65536 /* a list that is longer is read while it changes */
#define HEADER_MAX 64    /* program headers of an object */
#define TRIES      8

static struct mt_object known[KNOWN_MAX];
static uint32_t known_used;
static uint32_t epoch; /* changes when all is forgotten */
static uintptr_t last; /* all of the list up to this entry is known; 0: not so */
static bool writing;   /* by one thread; others go on without */

bool mt_object_list_works(void)
{
    return mt_libc_loaded() != NULL;
}

void mt_object_list_forget(void)
{
    __atomic_fetch_add(&epoch, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&last, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&known_used, 0, __ATOMIC_SEQ_CST);
}

void mt_object_list_forked(void)
{
    mt_object_list_forget();
    __atomic_store_n(&writing, false, __ATOMIC_SEQ_CST);
}

/* The program headers that the kernel tells are those of a loader else, which lies elsewhere. */
bool mt_object_list_by_exec(const struct link_map *map, bool unknown)
{
    const ElfW(Phdr) *phdr = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    for (size_t i = 0; phdr && i < getauxval(AT_PHNUM); i++)
        if (phdr[i].p_type == PT_DYNAMIC)
            return map->l_addr + phdr[i].p_vaddr == (uintptr_t)map->l_ld;
    return unknown;
}

/* As glibc has it: musl names the program, and has no name for the kernel's object alone. */
static const char *path_of(const struct link_map *map, bool program)
{
    if (mt_libc_is_glibc())
        return map->l_name;
    return program ? "" : *map->l_name ? map->l_name : "linux-vdso.so.1";
}

/* From the object's program headers. The program's own are where the kernel says. */
static bool describe(const struct link_map *map, bool program, struct mt_object *object)
{
    ElfW(Ehdr) elf;
    ElfW(Phdr) p;
    uintptr_t headers, low = UINTPTR_MAX, high = 0, unwinding = 0;
    size_t count;

    if (program && mt_object_list_by_exec(map, true)) {
        headers = getauxval(AT_PHDR);
        count = getauxval(AT_PHNUM);
    } else {
        if (!mt_os_read_memory(map->l_addr, &elf, sizeof elf) || elf.e_ident[EI_MAG0] != ELFMAG0 ||
            elf.e_ident[EI_MAG1] != ELFMAG1 || elf.e_phentsize != sizeof p)
            return false;
        headers = map->l_addr + elf.e_phoff;
        count = elf.e_phnum;
    }
    for (size_t i = 0; i < count && i < HEADER_MAX; i++) {
        if (!mt_os_read_memory(headers + i * sizeof p, &p, sizeof p))
            return false;
        if (p.p_type == PT_GNU_EH_FRAME)
            unwinding = map->l_addr + p.p_vaddr;
        if (p.p_type != PT_LOAD)
            continue;
        low = p.p_vaddr < low ? p.p_vaddr : low;
        high = p.p_vaddr + p.p_memsz > high ? p.p_vaddr + p.p_memsz : high;
    }
    if (low >= high)
        return false;
    *object = (struct mt_object){
        .begin = map->l_addr + (low & ~(uintptr_t)(mt_os_page() - 1)),
        .end = map->l_addr + high,
        .base = map->l_addr,
        .path = path_of(map, program),
        .unwinding = (const void *)unwinding,
    };
    return true;
}

static bool is_in(const struct mt_object *object, uintptr_t address)
{
    return address >= object->begin && address < object->end;
}

static bool is_known(uintptr_t address, struct mt_object *object)
{
    uint32_t before = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST);
    uint32_t used = __atomic_load_n(&known_used, __ATOMIC_SEQ_CST);

    for (uint32_t i = 0; i < used; i++) {
        struct mt_object found = known[i];

        if (!is_in(&found, address))
            continue;
        /* Else it was half-written, or is gone. */
        if (__atomic_load_n(&epoch, __ATOMIC_SEQ_CST) != before)
            return false;
        *object = found;
        return true;
    }
    return false;
}

/* Look through the list. If `learning`, what is read is remembered. */
static bool search(uintptr_t address, struct mt_object *object, bool learning)
{
    uint32_t before = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST), used = 0;
    uintptr_t at = (uintptr_t)mt_libc_loaded()->r_map, at_last = 0;
    struct link_map map;
    struct mt_object one;
    bool found = false, whole = true;

    for (uint32_t i = 0; at && i < LIST_MAX; i++, at = (uintptr_t)map.l_next) {
        if (!mt_os_read_memory(at, &map, sizeof map))
            return found;
        at_last = at;
        if (!describe(&map, i == 0, &one))
            continue;
        one.handle = (const void *)at;
        if (!found && is_in(&one, address)) {
            *object = one;
            found = true;
            if (!learning)
                return true;
        }
        if (learning && used < KNOWN_MAX)
            known[used++] = one;
        else
            whole = false;
    }
    if (!learning || __atomic_load_n(&epoch, __ATOMIC_SEQ_CST) != before)
        return found;
    __atomic_store_n(&known_used, used, __ATOMIC_SEQ_CST);
    __atomic_store_n(&last, whole ? at_last : 0, __ATOMIC_SEQ_CST);
    /* Whoever forgets after this clears both again. */
    if (__atomic_load_n(&epoch, __ATOMIC_SEQ_CST) != before)
        mt_object_list_forget();
    return found;
}

/* Whether nothing was loaded since this was the last entry. */
static bool is_last(uintptr_t at)
{
    struct link_map map;

    return at && mt_os_read_memory(at, &map, sizeof map) && !map.l_next;
}

static bool look(uintptr_t address, struct mt_object *object)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t before = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST);
        uintptr_t whole =
            __atomic_load_n(&last, __ATOMIC_SEQ_CST); /* before what is known is read */
        bool found = is_known(address, object), learning;

        if (found || (is_last(whole) && __atomic_load_n(&epoch, __ATOMIC_SEQ_CST) == before))
            return found;
        learning = !__atomic_exchange_n(&writing, true, __ATOMIC_ACQUIRE);
        if (learning)
            mt_object_list_forget(); /* what is written is not read meanwhile */
        before = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST);
        found = search(address, object, learning);
        if (learning)
            __atomic_store_n(&writing, false, __ATOMIC_RELEASE);
        /* Else the list may have changed under the search. */
        if (found || __atomic_load_n(&epoch, __ATOMIC_SEQ_CST) == before)
            return found;
    }
    return false;
}

struct question {
    uintptr_t address;
    struct mt_object *object;
    bool found;
};

static void look_aside(void *question)
{
    struct question *q = question;
    q->found = look(q->address, q->object);
}

bool mt_object_list_at(uintptr_t address, struct mt_object *object)
{
    struct question question = {address, object, false};
    int keep = errno;

    if (!is_known(address, object)) {
        mt_aside(look_aside, &question);
        errno = keep;
        return question.found;
    }
    return true;
}
