/* SPDX-License-Identifier: MIT
 *
 * Symbols by elfutils: libdwfl finds the debug information (macho_elf.h makes it of Mach-O files), units.h the function, and from there
 * we go down to the inlined calls.
 */
#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "symbols/demangle.h"
#include "base/file.h"
#include "symbols/folder.h"
#include "symbols/inside.h"

/* Of a Mach-O file: the .dSYM beside it, or one that was found elsewhere. */
static int find_dsym(struct symbols *symbols, Dwfl_Module *module, char **found)
{
    const struct symbols_wanted *wanted = &symbols->wanted;
    const unsigned char *id = NULL;
    GElf_Addr place;
    int length = dwfl_module_build_id(module, &id, &place);
    size_t id_bytes = length > 0 ? (size_t)length : 0;
    struct macho_made made;
    struct stat info;
    char *path = wanted->debug ? base_copy(wanted->debug, strlen(wanted->debug))
                               : macho_dsym(wanted->path, id, id_bytes);
    if (!path && wanted->find) {
        path = find_file(wanted->find, wanted->path, id, id_bytes, true, wanted->progress);
        symbols->elsewhere = path ? base_copy(path, strlen(path)) : NULL;
    }
    int fd = path ? file_open(AT_FDCWD, path, &info) : -1;
    if (fd >= 0)
        fd = macho_instead(fd, id, id_bytes, &made);
    if (fd < 0) {
        symbols->debug_problem =
            symbols->macho.objects
                ? "is linked from object files that have its debug information, and has no .dSYM "
                  "beside it: dsymutil makes one"
                : NULL;
        free(path);
        return -1;
    }
    *found = path;
    return fd;
}

/* What elfutils knows to find on this machine; then where else the caller wants it to be looked for. */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *module_name,
                          Dwarf_Addr base, const char *file_name, const char *link, GElf_Word crc,
                          char **found)
{
    struct symbols *symbols = *userdata;
    const struct symbols_wanted *wanted = &symbols->wanted;
    struct stat info;
    if (symbols->macho.is)
        return find_dsym(symbols, module, found);
    int fd = wanted->debug ? -1
                           : dwfl_standard_find_debuginfo(module, userdata, module_name, base,
                                                          file_name, link, crc, found);
    if (fd >= 0 || (!wanted->debug && !wanted->find))
        return fd;
    char *path = wanted->debug ? base_copy(wanted->debug, strlen(wanted->debug))
                               : find_file(wanted->find, wanted->path, wanted->build_id,
                                           wanted->build_id_bytes, true, wanted->progress);
    fd = path ? file_open(AT_FDCWD, path, &info) : -1;
    if (fd >= 0 && !wanted->debug)
        symbols->elsewhere = base_copy(path, strlen(path));
    if (fd >= 0)
        *found = path;
    else
        free(path);
    return fd;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = find_debuginfo,
};

static bool build_id_matches(Dwfl_Module *module, const unsigned char *build_id, size_t bytes)
{
    const unsigned char *bits;
    GElf_Addr place;
    int length = dwfl_module_build_id(module, &bits, &place);
    return length > 0 && (size_t)length == bytes && !memcmp(bits, build_id, bytes);
}

static struct symbols_file file_of(const struct stat *info)
{
    return (struct symbols_file){
        .device = info->st_dev,
        .inode = info->st_ino,
        .bytes = (uint64_t)info->st_size,
        .modified = (uint64_t)info->st_mtim.tv_sec * 1000000000u + (uint64_t)info->st_mtim.tv_nsec,
    };
}

bool symbols_file_at(const char *path, struct symbols_file *file)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return false;
    *file = file_of(&info);
    return true;
}

bool symbols_file_same(const struct symbols_file *a, const struct symbols_file *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->modified == b->modified;
}

/* NULL: it is the file that ran, as far as that is known. */
static const char *file_problem(Dwfl_Module *module, const struct symbols_wanted *wanted,
                                const struct stat *info)
{
    GElf_Addr bias;
    if (!dwfl_module_getelf(module, &bias))
        return "is not a readable ELF file, and no Mach-O file";
    if (wanted->build_id_bytes)
        return build_id_matches(module, wanted->build_id, wanted->build_id_bytes)
                   ? NULL
                   : "is not the file that ran (its build-id differs)";
    struct symbols_file file = file_of(info);
    if (wanted->stamped && (file.bytes != wanted->bytes || file.modified != wanted->modified))
        return "has changed since the run (it has no build-id, and another size or time)";
    return NULL;
}

struct symbols *symbols_open(const struct symbols_wanted *wanted, struct strings *strings)
{
    const char *path = wanted->path;
    struct symbols *symbols = base_alloc(1, sizeof *symbols);
    symbols->strings = strings;
    symbols->wanted = *wanted;
    if (path[0] != '/') /* the vdso and the like */
        return symbols;
    struct stat info;
    int fd = file_open(AT_FDCWD, path, &info);
    if (fd < 0) {
        symbols->problem = "is not there";
        return symbols;
    }
    fd = macho_instead(fd, wanted->build_id, wanted->build_id_bytes, &symbols->macho);
    if (symbols->macho.problem) {
        symbols->problem = symbols->macho.problem;
        return symbols;
    }
    symbols->dwfl = dwfl_begin(&callbacks);
    Dwfl_Module *module =
        symbols->dwfl ? dwfl_report_elf(symbols->dwfl, path, path, fd, 0, true) : NULL;
    if (!module) {
        close(fd);
        symbols->problem = "is not a readable ELF file, and no Mach-O file";
        return symbols;
    }
    void **userdata;
    dwfl_module_info(module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
    *userdata = symbols;
    dwfl_report_end(symbols->dwfl, NULL, NULL);
    symbols->problem = file_problem(module, wanted, &info);
    if (!symbols->problem) {
        symbols->module = module;
        symbols->file = file_of(&info);
    }
    return symbols;
}

struct symbols_file symbols_file(const struct symbols *symbols)
{
    return symbols->file;
}

const char *symbols_problem(const struct symbols *symbols)
{
    return symbols->problem;
}

const char *symbols_elsewhere(const struct symbols *symbols)
{
    return symbols->elsewhere;
}

void symbols_close(struct symbols *symbols)
{
    free(symbols->elsewhere);
    calls_free(&symbols->calls);
    slots_free(&symbols->slots);
    units_free(&symbols->units);
    names_free(&symbols->names);
    function_names_free(&symbols->function_names);
    if (symbols->dwfl)
        dwfl_end(symbols->dwfl);
    free(symbols);
}

/* ---- one address ---- */

void symbols_open_debug(struct symbols *symbols)
{
    if (symbols->opened || !symbols->module)
        return;
    symbols->opened = true;
    symbols->dwarf = dwfl_module_getdwarf(symbols->module, &symbols->bias);
    if (symbols->dwarf)
        units_make(&symbols->units, symbols->dwarf);
}

const char *symbols_lines_problem(struct symbols *symbols)
{
    GElf_Addr bias;
    symbols_open_debug(symbols);
    if (symbols->debug_problem)
        return symbols->debug_problem;
    if (!symbols->module || symbols->units.count ||
        !folder_has_debug(dwfl_module_getelf(symbols->module, &bias)))
        return NULL;
    return "has debug information that elfutils can't read";
}

const char *symbols_debug_path(struct symbols *symbols)
{
    const char *alternative, *path = NULL;
    const void *id;
    if (symbols_lines_problem(symbols) || !symbols->module)
        return NULL;
    if (!symbols->dwarf) {
        dwfl_module_info(symbols->module, NULL, NULL, NULL, NULL, NULL, NULL, &path);
        return path ? NULL : SYMBOLS_NO_DEBUG; /* else a file that has names alone */
    }
    if (symbols->units.split ||
        dwelf_dwarf_gnu_debugaltlink(symbols->dwarf, &alternative, &id) != 0)
        return NULL;
    GElf_Addr bias;
    if (dwarf_getelf(symbols->dwarf) == dwfl_module_getelf(symbols->module, &bias))
        return "";
    dwfl_module_info(symbols->module, NULL, NULL, NULL, NULL, NULL, NULL, &path);
    return path && path[0] == '/' ? path : NULL;
}

size_t symbols_unit(struct symbols *symbols, uint64_t address)
{
    symbols_open_debug(symbols);
    struct unit *unit = units_find(&symbols->units, address - symbols->bias);
    return unit ? (size_t)(unit - symbols->units.list) + 1 : 0;
}

/* The inlined call directly under `scope` that holds `address`; blocks on the way are looked
 * through. */
static bool inlined_under(Dwarf_Die *scope, Dwarf_Addr address, Dwarf_Die *found, unsigned depth)
{
    Dwarf_Die child;
    if (depth > 64 || dwarf_child(scope, &child))
        return false;
    do {
        switch (dwarf_tag(&child)) {
        case DW_TAG_inlined_subroutine:
            if (dwarf_haspc(&child, address) == 1) {
                *found = child;
                return true;
            }
            break;
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block: {
            bool everywhere =
                !dwarf_hasattr(&child, DW_AT_low_pc) && !dwarf_hasattr(&child, DW_AT_ranges);
            if ((everywhere || dwarf_haspc(&child, address) == 1) &&
                inlined_under(&child, address, found, depth + 1))
                return true;
            break;
        }
        default:
            break;
        }
    } while (!dwarf_siblingof(&child, &child));
    return false;
}

/* A path without "/./", "//" and "/x/..", in the strings. */
static uint32_t file_clean(struct symbols *symbols, const char *path)
{
    size_t length = strlen(path), used = 0;
    char *out = base_alloc(length + 2, 1);
    for (size_t i = 0; i < length;) {
        size_t end = i;
        while (end < length && path[end] != '/')
            end++;
        size_t part = end - i;
        bool root = i == 0 && end == 0;
        if (root) {
            out[used++] = '/';
        } else if (part == 2 && path[i] == '.' && path[i + 1] == '.' && used > 1 &&
                   !(used >= 3 && !memcmp(out + used - 3, "../", 3))) {
            used--; /* the slash, then the component before it */
            while (used && out[used - 1] != '/')
                used--;
        } else if (part && !(part == 1 && path[i] == '.')) {
            memcpy(out + used, path + i, part);
            used += part;
            if (end < length)
                out[used++] = '/';
        }
        i = end + 1;
    }
    uint32_t id = strings_add(symbols->strings, out, used);
    free(out);
    return id;
}

/* A source file's name as the unit has it; relative ones are relative to where the compiler ran. */
static uint32_t file_name(struct symbols *symbols, struct unit *unit, const char *path)
{
    if (!path || !*path)
        return 0;
    Dwarf_Attribute attribute;
    const char *folder = NULL;
    if (path[0] != '/' && dwarf_attr(&unit->die, DW_AT_comp_dir, &attribute))
        folder = dwarf_formstring(&attribute);
    if (!folder || !*folder)
        return file_clean(symbols, path);
    char *whole = base_alloc(strlen(folder) + strlen(path) + 2, 1);
    sprintf(whole, "%s/%s", folder, path);
    uint32_t id = file_clean(symbols, whole);
    free(whole);
    return id;
}

/* The line of an instruction. Line 0 means "the compiler's own": the line before it in the same
 * function is nearest. Code at the start of a function's part may have no row of the line table (GCC leaves landing pads without):
 * the row that is found then is another function's. */
static void line_at(struct symbols *symbols, struct unit *unit, Dwarf_Addr address, Dwarf_Addr low,
                    struct symbol *out)
{
    for (unsigned tries = 0; tries < 64; tries++) {
        Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
        int number = 0;
        Dwarf_Addr start = 0;
        if (!line || dwarf_lineno(line, &number) || dwarf_lineaddr(line, &start))
            return;
        if (start < low)
            return;
        if (number > 0) {
            out->file = file_name(symbols, unit, dwarf_linesrc(line, NULL, NULL));
            out->line = (uint32_t)number;
            return;
        }
        if (start == low || start > address)
            return;
        address = start - 1;
    }
}

/* The place of a call that was inlined. */
static void line_of_call(struct symbols *symbols, struct unit *unit, Dwarf_Die *inlined,
                         struct symbol *out)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0, line = 0;
    Dwarf_Files *files;
    size_t count;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) || !line ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) ||
        dwarf_getsrcfiles(&unit->contents, &files, &count) || file >= count)
        return;
    out->file = file_name(symbols, unit, dwarf_filesrc(files, file, NULL, NULL));
    out->line = out->file ? (uint32_t)line : 0;
}

/* The file that a function is declared in. Not by dwarf_decl_file: that one aborts on split DWARF. */
static uint32_t file_of_declaration(struct symbols *symbols, struct unit *unit, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file;
    Dwarf_Files *files;
    size_t count;
    Dwarf_Die cu;
    if (dwarf_formudata(dwarf_attr_integrate(die, DW_AT_decl_file, &attribute), &file) ||
        !dwarf_cu_die(attribute.cu, &cu, NULL, NULL, NULL, NULL, NULL, NULL) ||
        dwarf_getsrcfiles(&cu, &files, &count) || file >= count)
        return 0;
    return file_name(symbols, unit, dwarf_filesrc(files, file, NULL, NULL));
}

/* Where the function's text begins and ends, as far as that is in the file of the frame. */
static void function_lines(struct symbols *symbols, struct unit *unit, Dwarf_Die *die,
                           struct symbol *out)
{
    int first = 0;
    if (!out->file || dwarf_decl_line(die, &first) || first <= 0 ||
        file_of_declaration(symbols, unit, die) != out->file)
        return;
    out->first_line = (uint32_t)first;
    Dwarf_Addr low = 0, high = 0;
    struct symbol end = {0};
    if (dwarf_tag(die) != DW_TAG_subprogram || dwarf_lowpc(die, &low) || dwarf_highpc(die, &high) ||
        high <= low)
        return;
    line_at(symbols, unit, high - 1, low, &end);
    if (end.file == out->file && end.line >= out->first_line)
        out->last_line = end.line;
}

static size_t find_in_unit(struct symbols *symbols, struct unit *unit, Dwarf_Addr address,
                           struct symbol out[SYMBOLS_INLINED_MAX])
{
    struct range *function = unit_function(unit, address);
    if (!function)
        return 0;
    Dwarf_Die scopes[SYMBOLS_INLINED_MAX];
    size_t count = 1;
    scopes[0] = function->die;
    while (count < SYMBOLS_INLINED_MAX &&
           inlined_under(&scopes[count - 1], address, &scopes[count], 0))
        count++;
    for (size_t i = 0; i < count; i++) {
        struct symbol *symbol = &out[count - 1 - i];
        *symbol =
            (struct symbol){.function = function_name(&symbols->function_names, symbols->strings,
                                                      &scopes[i], unit->language),
                            .language = unit->language};
        if (i + 1 < count)
            line_of_call(symbols, unit, &scopes[i + 1], symbol);
        else
            line_at(symbols, unit, address, function->low, symbol);
        function_lines(symbols, unit, &scopes[i], symbol);
    }
    return count;
}

/* Without debug information: by the symbol tables. */
const struct name *symbols_name_at(struct symbols *symbols, uint64_t address)
{
    if (!symbols->names_made)
        names_make(&symbols->names, symbols->module);
    symbols->names_made = true;
    return names_find(&symbols->names, address);
}

static size_t find_name(struct symbols *symbols, uint64_t address,
                        struct symbol out[SYMBOLS_INLINED_MAX])
{
    const struct name *name = symbols_name_at(symbols, address);
    if (!name)
        return 0;
    uint32_t readable = demangle(symbols->strings, name->text);
    out[0] = (struct symbol){
        .function =
            readable ? readable : strings_add(symbols->strings, name->text, strlen(name->text)),
        .language = demangle_language(name->text)};
    return 1;
}

/* A unit without an entry for the function: the file that has it (.dwo, .dwp) is not there, or the compiler was asked for lines
 * only. The line table is in the module's own file. */
static size_t find_line(struct symbols *symbols, struct unit *unit, uint64_t address,
                        struct symbol out[SYMBOLS_INLINED_MAX])
{
    struct symbol line = {0};
    const struct name *name = symbols_name_at(symbols, address);
    line_at(symbols, unit, address - symbols->bias, name ? name->low - symbols->bias : 0, &line);
    size_t count = find_name(symbols, address, out);
    if (!line.line)
        return count;
    if (!count)
        out[0] = (struct symbol){.language = unit->language};
    out[0].file = line.file;
    out[0].line = line.line;
    if (strcmp(unit->language, "native") != 0)
        out[0].language = unit->language;
    return 1;
}

size_t symbols_find(struct symbols *symbols, uint64_t address,
                    struct symbol out[SYMBOLS_INLINED_MAX])
{
    if (!symbols->module)
        return 0;
    symbols_open_debug(symbols);
    struct unit *unit = units_find(&symbols->units, address - symbols->bias);
    if (!unit)
        return find_name(symbols, address, out);
    size_t count = find_in_unit(symbols, unit, address - symbols->bias, out);
    return count ? count : find_line(symbols, unit, address, out);
}
