/* SPDX-License-Identifier: MIT */
#include "symbols/slots.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* The slots of one section of relocations. */
static void slots_take(struct slots *slots, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    Elf_Scn *of = elf_getscn(elf, header->sh_link);
    GElf_Shdr symbols;
    if (!data || !of || !gelf_getshdr(of, &symbols) || symbols.sh_type != SHT_DYNSYM ||
        !header->sh_entsize)
        return;
    Elf_Data *table = elf_getdata(of, NULL);
    size_t count = header->sh_size / header->sh_entsize;
    for (size_t i = 0; table && i < count && i < INT32_MAX; i++) {
        GElf_Rela entry;
        GElf_Sym symbol;
        if (!gelf_getrela(data, (int)i, &entry))
            return;
        uint32_t type = (uint32_t)GELF_R_TYPE(entry.r_info);
        if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) ||
            !gelf_getsym(table, (int)GELF_R_SYM(entry.r_info), &symbol))
            continue;
        const char *name = elf_strptr(elf, symbols.sh_link, symbol.st_name);
        if (!name || !*name)
            continue;
        slots->names = base_room(slots->names, &slots->cap, slots->count + 1, sizeof *slots->names);
        slots->names[slots->count++] = name;
        *map_at(&slots->of, entry.r_offset) = (uint32_t)slots->count;
    }
}

static void slots_make(struct slots *slots, Elf *elf)
{
    Elf_Scn *section = NULL;
    GElf_Ehdr header;
    slots->made = true;
    if (!gelf_getehdr(elf, &header) || header.e_machine != EM_X86_64)
        return;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr one;
        if (gelf_getshdr(section, &one) && one.sh_type == SHT_RELA)
            slots_take(slots, elf, section, &one);
    }
}

/* The code at `address`, as far as it goes in its section; NULL: there is none. */
static const unsigned char *code_at(Elf *elf, GElf_Addr address, size_t *bytes)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr one;
        if (!gelf_getshdr(section, &one) || one.sh_type != SHT_PROGBITS ||
            !(one.sh_flags & SHF_EXECINSTR) || address < one.sh_addr ||
            address - one.sh_addr >= one.sh_size)
            continue;
        Elf_Data *data = elf_rawdata(section, NULL);
        size_t offset = address - one.sh_addr;
        if (!data || !data->d_buf || data->d_size <= offset)
            return NULL;
        *bytes = data->d_size - offset;
        return (const unsigned char *)data->d_buf + offset;
    }
    return NULL;
}

/* Where an instruction at `at`, whose last 4 bytes are code, leads to. */
static GElf_Addr leads_to(GElf_Addr at, const unsigned char *code, size_t length)
{
    int32_t distance;
    memcpy(&distance, code + length - sizeof distance, sizeof distance);
    return at + length + (GElf_Addr)(int64_t)distance;
}

/* "jmp *slot(%rip)" at the beginning of `code`; NULL: it is none. */
static const char *slot_jump(struct slots *slots, GElf_Addr at, const unsigned char *code,
                             size_t bytes)
{
    if (bytes < 6 || code[0] != 0xff || code[1] != 0x25)
        return NULL;
    uint32_t found = *map_at(&slots->of, leads_to(at, code, 6));
    return found ? slots->names[found - 1] : NULL;
}

/* An entry of the procedure linkage table, perhaps with an endbr64 and a bnd before its jump. */
static const char *entry_name(struct slots *slots, Elf *elf, GElf_Addr at)
{
    static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
    size_t bytes, skipped = 0;
    const unsigned char *code = code_at(elf, at, &bytes);
    if (!code)
        return NULL;
    if (bytes > sizeof endbr64 && !memcmp(code, endbr64, sizeof endbr64))
        skipped = sizeof endbr64;
    if (bytes > skipped && code[skipped] == 0xf2)
        skipped++;
    return slot_jump(slots, at + skipped, code + skipped, bytes - skipped);
}

/* What was made of a Mach-O file has none. */
static bool has_code(Elf *elf)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(elf, section)))
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_PROGBITS &&
            header.sh_flags & SHF_EXECINSTR)
            return true;
    return false;
}

bool slots_reads(Dwfl_Module *module)
{
    GElf_Addr bias;
    GElf_Ehdr header;
    Elf *elf = dwfl_module_getelf(module, &bias);
    return elf && gelf_getehdr(elf, &header) && header.e_machine == EM_X86_64 && has_code(elf);
}

/* The length of the direct jump that `code` may begin with; 0: of none that can leave a function. */
static size_t direct_jump(const unsigned char *code, size_t bytes)
{
    if (bytes >= 5 && code[0] == 0xe9)
        return 5;
    return bytes >= 6 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80 ? 6 : 0;
}

/* Every byte may begin an instruction. One that only looks like a jump hits the beginning of a function once in millions. */
size_t slots_jumps(struct slots *slots, Dwfl_Module *module, const struct names *names,
                   GElf_Addr low, GElf_Addr high, struct jump *out, size_t most)
{
    GElf_Addr bias;
    size_t bytes, count = 0;
    Elf *elf = dwfl_module_getelf(module, &bias);
    if (elf && !slots->made)
        slots_make(slots, elf);
    const unsigned char *code = elf ? code_at(elf, low - bias, &bytes) : NULL;
    if (!code)
        return 0;
    if (bytes > high - low)
        bytes = high - low;
    for (size_t i = 0; i < bytes; i++) {
        GElf_Addr at = low - bias + i, to = 0;
        size_t length = direct_jump(code + i, bytes - i);
        const char *name = slot_jump(slots, at, code + i, bytes - i);
        if (!name && length) {
            GElf_Addr target = leads_to(at, code + i, length) + bias;
            name = entry_name(slots, elf, target - bias);
            const struct name *function = name ? NULL : names_find(names, target);
            if (function && function->low == target) {
                name = function->text;
                to = target;
            }
        }
        if (name && count++ < most)
            out[count - 1] = (struct jump){at + bias, to, name};
    }
    return count;
}

void slots_free(struct slots *slots)
{
    free(slots->names);
    map_free(&slots->of);
    *slots = (struct slots){0};
}
