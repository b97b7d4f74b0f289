/* SPDX-License-Identifier: MIT */
#include "symbols/macho_elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"
#include "symbols/macho_format.h"

/* ---- functions ---- */

struct function {
    uint64_t address, end;
    uint32_t name; /* in the Mach-O file's strings */
    bool exported;
};

static int function_order(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static const struct macho_code *code_of(const struct macho *macho,
                                        const struct macho_symbol *symbol)
{
    for (unsigned i = 0; i < macho->code_count; i++) {
        const struct macho_code *code = &macho->code[i];
        if (code->number == symbol->section && symbol->value >= code->address &&
            symbol->value - code->address < code->size)
            return code;
    }
    return NULL;
}

/* A symbol has no size: a function goes up to the next one, or to the end of its section. */
static struct function *functions_of(const struct macho *macho, size_t *count)
{
    size_t symbols = macho->symbols.bytes / sizeof(struct macho_symbol);
    struct function *list = base_alloc(symbols + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < symbols; i++) {
        struct macho_symbol symbol;
        memcpy(&symbol, macho->symbols.data + i * sizeof symbol, sizeof symbol);
        const struct macho_code *code = NULL;
        if (!(symbol.type & MACHO_SYMBOL_DEBUG) &&
            (symbol.type & MACHO_SYMBOL_KIND) == MACHO_SYMBOL_DEFINED &&
            symbol.name < macho->strings.bytes)
            code = code_of(macho, &symbol);
        if (code)
            list[(*count)++] = (struct function){.address = symbol.value,
                                                 .end = code->address + code->size,
                                                 .name = symbol.name,
                                                 .exported = symbol.type & MACHO_SYMBOL_EXTERNAL};
    }
    qsort(list, *count, sizeof *list, function_order);
    for (size_t i = *count; i-- > 0;) {
        size_t next = i + 1;
        if (next < *count && list[next].address == list[i].address)
            list[i].end = list[next].end;
        else if (next < *count && list[next].address < list[i].end)
            list[i].end = list[next].address;
    }
    return list;
}

/* The table, and its names: without the underscore that every name of C has there. */
static Elf64_Sym *symbols_of(const struct macho *macho, size_t *count, uint16_t section)
{
    struct function *functions = functions_of(macho, count);
    Elf64_Sym *list = base_alloc(*count + 1, sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        const struct function *f = &functions[i];
        bool bar = macho->strings.data[f->name] == '_';
        list[i + 1] = (Elf64_Sym){
            .st_name = f->name + bar,
            .st_info = ELF64_ST_INFO(f->exported ? STB_GLOBAL : STB_LOCAL, STT_FUNC),
            .st_shndx = section,
            .st_value = f->address,
            .st_size = f->end - f->address,
        };
    }
    ++*count;
    free(functions);
    return list;
}

/* ---- the ELF file ---- */

enum { ELF_TEXT = 1, ELF_NOTE, ELF_SYMTAB, ELF_STRTAB, ELF_NAMES, ELF_DEBUG };
#define ELF_SECTIONS_MAX (ELF_DEBUG + MACHO_SECTIONS_MAX)

struct elf {
    Elf64_Ehdr header;
    Elf64_Phdr text;
    Elf64_Shdr sections[ELF_SECTIONS_MAX];
    const void *content[ELF_SECTIONS_MAX];
    unsigned count;
    char names[ELF_SECTIONS_MAX * 32 + 1];
    size_t names_bytes;
    uint64_t bytes; /* so far */
};

/* The next section. */
static void elf_add(struct elf *elf, const char *name, Elf64_Shdr section, const void *content)
{
    size_t length = strlen(name) + 1;
    section.sh_name = (Elf64_Word)elf->names_bytes;
    memcpy(elf->names + elf->names_bytes, name, length);
    elf->names_bytes += length;
    elf->bytes = (elf->bytes + 7) & ~(uint64_t)7;
    section.sh_offset = elf->bytes;
    if (section.sh_type != SHT_NOBITS)
        elf->bytes += section.sh_size;
    elf->sections[elf->count] = section;
    elf->content[elf->count++] = content;
}

static void elf_begin_file(struct elf *elf, const struct macho *macho)
{
    elf->header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = macho->machine,
        .e_version = EV_CURRENT,
        .e_phoff = offsetof(struct elf, text),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shstrndx = ELF_NAMES,
    };
    elf->text = (Elf64_Phdr){.p_type = PT_LOAD,
                             .p_flags = PF_R | PF_X,
                             .p_vaddr = macho->base,
                             .p_paddr = macho->base,
                             .p_memsz = macho->size,
                             .p_align = 4096};
    elf->bytes = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    elf_add(elf, "", (Elf64_Shdr){.sh_type = SHT_NULL}, NULL);
    elf->sections[0].sh_offset = 0;
}

struct note {
    Elf64_Nhdr head;
    char owner[4];
    unsigned char id[MACHO_ID_BYTES];
};

static bool write_all(int fd, const void *data, size_t bytes, uint64_t offset)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t some = pwrite(fd, (const char *)data + done, bytes - done, (off_t)(offset + done));
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return false;
        done += (size_t)some;
    }
    return true;
}

static bool elf_write(struct elf *elf, int fd)
{
    elf->header.e_shoff = (elf->bytes + 7) & ~(uint64_t)7;
    elf->header.e_shnum = (Elf64_Half)elf->count;
    bool done =
        write_all(fd, &elf->header, sizeof elf->header, 0) &&
        write_all(fd, &elf->text, sizeof elf->text, sizeof elf->header) &&
        write_all(fd, elf->sections, elf->count * sizeof elf->sections[0], elf->header.e_shoff);
    for (unsigned i = 1; i < elf->count && done; i++)
        if (elf->sections[i].sh_type != SHT_NOBITS)
            done = write_all(fd, elf->content[i], elf->sections[i].sh_size,
                             elf->sections[i].sh_offset);
    return done;
}

/* What the sections point to lives until they are written. */
static void elf_fill(struct elf *elf, const struct macho *macho, const struct note *note,
                     const Elf64_Sym *symbols, size_t symbol_count)
{
    elf_begin_file(elf, macho);
    elf_add(elf, ".text",
            (Elf64_Shdr){.sh_type = SHT_NOBITS,
                         .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                         .sh_addr = macho->base,
                         .sh_size = macho->size,
                         .sh_addralign = 16},
            NULL);
    elf_add(elf, ".note.gnu.build-id",
            (Elf64_Shdr){
                .sh_type = SHT_NOTE, .sh_size = macho->id ? sizeof *note : 0, .sh_addralign = 4},
            note);
    elf_add(elf, ".symtab",
            (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                         .sh_size = symbol_count * sizeof *symbols,
                         .sh_link = ELF_STRTAB,
                         .sh_info = 1,
                         .sh_addralign = 8,
                         .sh_entsize = sizeof *symbols},
            symbols);
    elf_add(elf, ".strtab",
            (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_size = macho->strings.bytes, .sh_addralign = 1},
            macho->strings.data);
    /* Its names are added while it is there: its size is that of all of them. */
    elf_add(elf, ".shstrtab",
            (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_size = sizeof elf->names, .sh_addralign = 1},
            elf->names);
    for (unsigned i = 0; i < macho->debug_count; i++)
        elf_add(elf, macho->debug[i].name,
                (Elf64_Shdr){.sh_type = SHT_PROGBITS,
                             .sh_size = macho->debug[i].content.bytes,
                             .sh_addralign = 1},
                macho->debug[i].content.data);
}

int macho_elf(const struct macho *macho)
{
    int fd = memfd_create("memtrace", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t count;
    struct elf *elf = base_alloc(1, sizeof *elf);
    Elf64_Sym *symbols = symbols_of(macho, &count, ELF_TEXT);
    struct note note = {{sizeof note.owner, sizeof note.id, NT_GNU_BUILD_ID}, "GNU", {0}};
    if (macho->id)
        memcpy(note.id, macho->id, sizeof note.id);
    elf_fill(elf, macho, &note, symbols, count);
    bool done = elf_write(elf, fd);
    free(symbols);
    free(elf);
    if (!done) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- files ---- */

/* All of it; NULL with errno. A Mach-O file if `*bytes`. To be unmapped. */
static unsigned char *file_map(int fd, size_t *bytes)
{
    unsigned char first[8];
    *bytes = 0;
    if (file_read(fd, first, sizeof first) != sizeof first || !macho_begins(first, sizeof first))
        return NULL;
    *bytes = file_size(fd);
    void *data = *bytes ? mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    return data == MAP_FAILED ? NULL : data;
}

int macho_instead(int fd, const unsigned char *id, size_t id_bytes, struct macho_made *made)
{
    size_t bytes;
    struct macho macho;
    unsigned char *data = file_map(fd, &bytes);
    *made = (struct macho_made){.is = bytes != 0};
    if (!bytes)
        return fd;
    close(fd);
    if (!data) {
        made->problem = "can't be read";
        return -1;
    }
    made->problem = macho_read(&macho, data, bytes, id, id_bytes);
    int elf = made->problem ? -1 : macho_elf(&macho);
    if (!made->problem && elf < 0)
        made->problem = "has symbols that there is no memory for";
    made->objects = !made->problem && macho.objects && !macho.has_debug;
    munmap(data, bytes);
    return elf;
}

size_t macho_file_ids(int fd, unsigned char *out, size_t most, bool *debug)
{
    size_t bytes;
    unsigned char *data = file_map(fd, &bytes);
    *debug = false;
    if (!data)
        return 0;
    size_t count = macho_ids(data, bytes, out, most, debug);
    munmap(data, bytes);
    return count;
}

static bool has_id(const char *path, const unsigned char *id, size_t id_bytes)
{
    unsigned char ids[MACHO_SLICES_MAX * MACHO_ID_BYTES];
    struct stat info;
    bool debug = false;
    int fd = file_open(AT_FDCWD, path, &info);
    size_t count = fd < 0 ? 0 : macho_file_ids(fd, ids, MACHO_SLICES_MAX, &debug);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < count && debug; i++)
        if (!id_bytes ||
            (id_bytes == MACHO_ID_BYTES && !memcmp(ids + i * MACHO_ID_BYTES, id, id_bytes)))
            return true;
    return false;
}

/* X.dSYM beside X, Y.app.dSYM beside a Y.app that X is in. */
char *macho_dsym(const char *path, const unsigned char *id, size_t id_bytes)
{
    static const char inside[] = ".dSYM/Contents/Resources/DWARF/";
    const char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    size_t length = strlen(path), name = strlen(slash + 1);
    char *whole = base_alloc(length + sizeof inside + name + 1, 1);
    while (length > 1) {
        sprintf(whole, "%.*s%s%s", (int)length, path, inside, slash + 1);
        if (path[length - 1] != '/' && has_id(whole, id, id_bytes))
            return whole;
        while (--length > 1 && path[length] != '/')
            ;
    }
    free(whole);
    return NULL;
}
