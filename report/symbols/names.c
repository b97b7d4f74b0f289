/* SPDX-License-Identifier: MIT */
#include "symbols/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Of several names for one address the one that people know: global, with few underscores, short.
 */
static int name_order(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    bool local = x->binding == STB_LOCAL, other_local = y->binding == STB_LOCAL;
    if (local != other_local)
        return local ? 1 : -1;
    size_t bars = strspn(x->text, "_"), other_bars = strspn(y->text, "_");
    if (bars != other_bars)
        return bars < other_bars ? -1 : 1;
    size_t length = strlen(x->text), other_length = strlen(y->text);
    if (length != other_length)
        return length < other_length ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* A mark of ARM's, which says what the bytes from here on are ($x: instructions, $d: data): at the first function of each section,
 * after each pool of constants. */
static bool names_mark(const char *text, const GElf_Sym *entry)
{
    return text[0] == '$' && text[1] && strchr("adtx", text[1]) && (!text[2] || text[2] == '.') &&
           entry->st_size == 0 && GELF_ST_BIND(entry->st_info) == STB_LOCAL;
}

static void names_add(struct names *names, Dwfl_Module *module, int index)
{
    GElf_Sym entry;
    GElf_Addr address;
    const char *text = dwfl_module_getsym_info(module, index, &entry, &address, NULL, NULL, NULL);
    int type = GELF_ST_TYPE(entry.st_info);
    if (!text || !*text || entry.st_shndx == SHN_UNDEF || entry.st_shndx == SHN_ABS ||
        (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
        (type == STT_NOTYPE && names_mark(text, &entry)))
        return;
    names->list = base_room(names->list, &names->cap, names->count + 1, sizeof *names->list);
    names->list[names->count++] =
        (struct name){address, address + entry.st_size, text, GELF_ST_BIND(entry.st_info)};
}

void names_make(struct names *names, Dwfl_Module *module)
{
    *names = (struct names){0};
    int count = dwfl_module_getsymtab(module);
    for (int i = 1; i < count; i++)
        names_add(names, module, i);
    if (!names->count)
        return;
    qsort(names->list, names->count, sizeof *names->list, name_order);
    size_t kept = 1;
    for (size_t i = 1; i < names->count; i++)
        if (names->list[i].low != names->list[kept - 1].low)
            names->list[kept++] = names->list[i];
    names->count = kept;
}

void names_free(struct names *names)
{
    free(names->list);
    *names = (struct names){0};
}

const struct name *names_find(const struct names *names, uint64_t address)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->list[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    const struct name *name = &names->list[low - 1];
    bool between = name->high > name->low && address >= name->high; /* two functions */
    return between ? NULL : name;
}

size_t names_defined(Dwfl_Module *module, const char *text, struct defined *out, size_t most)
{
    size_t length = strlen(text), found = 0;
    int count = dwfl_module_getsymtab(module);
    for (int i = 1; i < count; i++) {
        GElf_Sym entry;
        GElf_Addr address;
        const char *name = dwfl_module_getsym_info(module, i, &entry, &address, NULL, NULL, NULL);
        int type = GELF_ST_TYPE(entry.st_info), seen = GELF_ST_VISIBILITY(entry.st_other);
        if (!name || strncmp(name, text, length) != 0 || entry.st_shndx == SHN_UNDEF ||
            (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
            continue;
        bool local = GELF_ST_BIND(entry.st_info) == STB_LOCAL;
        if (name[length] && (name[length] != '.' || !local))
            continue;
        if (found++ < most)
            out[found - 1] = (struct defined){.address = address,
                                              .chosen = type == STT_GNU_IFUNC,
                                              .exported = !local && seen == STV_DEFAULT,
                                              .local = local};
    }
    return found;
}

static bool exported_in(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *text,
                        struct defined *out)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    for (size_t i = 1; i < count && i < INT32_MAX; i++) {
        GElf_Sym entry;
        if (!gelf_getsym(data, (int)i, &entry))
            return false;
        const char *name = elf_strptr(elf, header->sh_link, entry.st_name);
        int type = GELF_ST_TYPE(entry.st_info), seen = GELF_ST_VISIBILITY(entry.st_other);
        if (!name || strcmp(name, text) != 0 || entry.st_shndx == SHN_UNDEF ||
            GELF_ST_BIND(entry.st_info) == STB_LOCAL || seen == STV_HIDDEN ||
            seen == STV_INTERNAL ||
            (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
            continue;
        *out = (struct defined){.address = entry.st_value,
                                .chosen = type == STT_GNU_IFUNC,
                                .exported = seen == STV_DEFAULT};
        return true;
    }
    return false;
}

bool names_exported(Dwfl_Module *module, const char *text, struct defined *out)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(module, &bias);
    Elf_Scn *section = NULL;
    while (elf && (section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM ||
            !exported_in(elf, section, &header, text, out))
            continue;
        out->address += bias;
        return true;
    }
    return false;
}
