/* SPDX-License-Identifier: MIT
 *
 * Whom an instruction calls, and whom a function calls last.
 */
#include "symbols/tails.h"

#include <dwarf.h>
#include <string.h>

#include "symbols/inside.h"

/* An entry in the file that several share (.gnu_debugaltlink): its offset is of another count. */
#define ENTRY_SHARED ((uint64_t)1 << 63)
#define COPIES       8u  /* of a function's code: clones */
#define JUMPS        32u /* out of one function */

static uint32_t text_add(struct symbols *symbols, const char *text)
{
    return text && *text ? strings_add(symbols->strings, text, strlen(text)) : 0;
}

void symbols_strings(struct symbols *symbols, struct strings *strings)
{
    symbols->strings = strings;
}

static struct symbol_code code_of(struct symbols *symbols, Dwarf_Die *die)
{
    Dwarf_Die origin = function_origin(die);
    bool shared = dwarf_cu_getdwarf(origin.cu) != symbols->dwarf;
    return (struct symbol_code){
        .entry = dwarf_dieoffset(&origin) | (shared ? ENTRY_SHARED : 0),
        .name = text_add(symbols, function_linker_name(die)),
    };
}

/* Entries of split debug information lie in files of their own, and may have the same offsets. */
static struct range *function_at(struct symbols *symbols, Dwarf_Addr address)
{
    struct unit *unit = symbols->units.split ? NULL : units_find(&symbols->units, address);
    return unit ? unit_function(unit, address) : NULL;
}

void symbols_call(struct symbols *symbols, uint64_t address, struct symbol_call *out)
{
    *out = (struct symbol_call){0};
    if (!symbols->module)
        return;
    symbols_open_debug(symbols);
    struct range *function = function_at(symbols, address - symbols->bias);
    if (!function) {
        const struct name *name = symbols_name_at(symbols, address);
        out->self.name = name ? text_add(symbols, name->text) : 0;
        return;
    }
    out->self = code_of(symbols, &function->die);
    calls_take(&symbols->calls, &function->die);
    const struct call *call = calls_find(&symbols->calls, address + 1 - symbols->bias);
    if (call && call->direct) {
        Dwarf_Die callee = call->callee;
        out->callee = code_of(symbols, &callee);
    }
}

/* ---- where a function is ---- */

struct copies {
    Dwarf_Die list[COPIES];
    size_t count; /* more than COPIES: there are more */
};

static void copies_add(struct copies *copies, const Dwarf_Die *die)
{
    for (size_t i = 0; i < copies->count && i < COPIES; i++)
        if (copies->list[i].addr == die->addr)
            return;
    if (copies->count < COPIES)
        copies->list[copies->count] = *die;
    copies->count++;
}

/* All code of the unit that is made from this entry. */
static void copies_by_entry(struct symbols *symbols, uint64_t entry, struct copies *copies)
{
    Dwarf_Die die, cu;
    if (!entry || entry & ENTRY_SHARED || !dwarf_offdie(symbols->dwarf, entry, &die) ||
        !dwarf_cu_die(die.cu, &cu, NULL, NULL, NULL, NULL, NULL, NULL))
        return;
    struct units *units = &symbols->units;
    for (size_t u = 0; u < units->count; u++) {
        struct unit *unit = &units->list[u];
        if (unit->contents.addr != cu.addr)
            continue;
        unit_function(unit, 0); /* reads them */
        for (size_t f = 0; f < unit->functions.count; f++) {
            Dwarf_Die origin = function_origin(&unit->functions.list[f].die);
            if (dwarf_dieoffset(&origin) == entry)
                copies_add(copies, &unit->functions.list[f].die);
        }
    }
}

/* What the linker calls it; else its name, which a function that is not for others has, too: link time optimisation puts its code into
 * another unit. */
static const char *name_to_look_for(struct symbols *symbols, const struct symbol_code *code)
{
    Dwarf_Die die;
    const char *text = strings_get(symbols->strings, code->name);
    if (!text && symbols->dwarf && code->entry && !(code->entry & ENTRY_SHARED) &&
        dwarf_offdie(symbols->dwarf, code->entry, &die))
        text = dwarf_diename(&die);
    return text;
}

/* Is the local code at this address made from the entry, or was it for others before the linker made it local? */
static bool is_of(Dwarf_Die *function, const struct symbol_code *code, const char *text)
{
    Dwarf_Die origin = function_origin(function);
    const char *name = code->name ? function_linker_name(function) : NULL;
    return dwarf_dieoffset(&origin) == code->entry || (name && !strcmp(name, text));
}

/* By the symbols: *defined says of what kind the one for others is. False: the module has none of this name. */
static bool copies_by_name(struct symbols *symbols, const struct symbol_code *code,
                           struct copies *copies, struct defined *defined)
{
    struct defined list[COPIES];
    const char *text = name_to_look_for(symbols, code);
    size_t count = !text         ? 0
                   : code->entry ? names_defined(symbols->module, text, list, COPIES)
                                 : names_exported(symbols->module, text, list);
    const struct defined *global = NULL;
    for (size_t i = 0; i < count && i < COPIES && code->name; i++)
        if (!list[i].local)
            global = &list[i];
    if (global)
        *defined = *global;
    if (count > COPIES)
        copies->count = COPIES + 1;
    if (count > COPIES || (!global && (copies->count || !code->entry)))
        return global;
    symbols_open_debug(symbols);
    for (size_t i = 0; i < count; i++) {
        struct range *function = function_at(symbols, list[i].address - symbols->bias);
        if (function && list[i].local && is_of(&function->die, code, text))
            copies_add(copies, &function->die);
    }
    struct range *function = global ? function_at(symbols, global->address - symbols->bias) : NULL;
    for (size_t i = 0; function && i < copies->count && i < COPIES; i++)
        if (copies->list[i].addr == function->die.addr)
            return true;
    if (global)
        copies->count = 0; /* the linker took another one, of another unit */
    if (function && !global->chosen)
        copies_add(copies, &function->die);
    return global;
}

/* Does the entry say that the code is in this module? */
static bool is_defined_here(struct symbols *symbols, uint64_t entry)
{
    Dwarf_Die die;
    return symbols->dwarf && entry && !(entry & ENTRY_SHARED) &&
           dwarf_offdie(symbols->dwarf, entry, &die) && !dwarf_hasattr(&die, DW_AT_declaration);
}

/* ---- its jumps ---- */

struct telling {
    struct symbols *symbols;
    struct symbol *out;
    size_t count;
    bool unknown; /* there is more than is told */
    bool of_clang;
    /* Of the present copy, those that debug information lists. */
    Dwarf_Addr told[JUMPS];
    size_t told_count;
    Dwarf_Addr
        open[JUMPS]; /* those of no known function: clang's by the global offset table are such */
    size_t open_count;
};

/* Clang gives line 0 to a jump that it made of two, and the block that both were in. symbols_find takes the line before it, which is a
 * guess. GCC gives it the place of one of the two, which may be in a call that was inlined: then the function that has the code is sure, and
 * nothing else. */
static bool has_line(struct symbols *symbols, uint64_t address)
{
    struct unit *unit = units_find(&symbols->units, address - symbols->bias);
    Dwarf_Line *line = unit ? dwarf_getsrc_die(&unit->die, address - symbols->bias) : NULL;
    int number = 0;
    return line && !dwarf_lineno(line, &number) && number > 0;
}

static void tell(struct telling *t, const struct symbol_code *to, uint64_t address)
{
    struct symbol places[SYMBOLS_INLINED_MAX];
    size_t count = symbols_find(t->symbols, address, places);
    if (t->count + 1 + count > SYMBOLS_INLINED_MAX) {
        t->unknown = true;
        return;
    }
    if (count > 1 && !t->of_clang) {
        places[0] = places[count - 1];
        places[0].line = 0;
        count = 1;
    } else if (count && !has_line(t->symbols, address)) {
        places[0].line = 0;
    }
    t->out[t->count++] = tails_pack(to, (uint32_t)count, false, TAILS_JUMP);
    memcpy(t->out + t->count, places, count * sizeof *places);
    t->count += count;
}

static void tell_listed(struct telling *t, Dwarf_Die *function)
{
    struct calls calls = {0};
    calls_take(&calls, function);
    t->told_count = t->open_count = 0;
    t->unknown |= !calls.complete;
    for (size_t i = 0; i < calls.count && !t->unknown; i++) {
        struct call *call = &calls.list[i];
        if (!call->tail)
            continue;
        bool open = !call->direct && t->of_clang;
        t->unknown |= (!call->direct && !open) || t->told_count == JUMPS || t->open_count == JUMPS;
        if (t->unknown)
            break;
        if (open) {
            t->open[t->open_count++] = call->within;
            continue;
        }
        struct symbol_code to = code_of(t->symbols, &call->callee);
        tell(t, &to, call->within + t->symbols->bias);
        t->told[t->told_count++] = call->within;
    }
    calls_free(&calls);
}

#define JUMP_BYTES 8u /* with its prefixes, at most */

static bool is_told(const struct telling *t, Dwarf_Addr address)
{
    for (size_t i = 0; i < t->told_count; i++)
        if (t->told[i] - address < JUMP_BYTES)
            return true;
    return false;
}

/* The jump at `address`, whose function is known, is one of the open ones, perhaps with a prefix before it. */
static void close_open(struct telling *t, Dwarf_Addr address)
{
    for (size_t i = 0; i < t->open_count; i++)
        if (t->open[i] - (address - 2) < JUMP_BYTES) {
            t->open[i] = t->open[--t->open_count];
            return;
        }
}

/* Those that clang has not listed. One to a function of the same module has no reason to be missing: then something else is unknown, too. */
static void tell_read(struct telling *t, Dwarf_Die *function)
{
    struct symbols *symbols = t->symbols;
    Dwarf_Addr base = 0, low = 0, high = 0;
    struct jump jumps[JUMPS];
    t->unknown |= !slots_reads(symbols->module);
    symbols_name_at(symbols, 0); /* makes the names */
    for (ptrdiff_t at = 0; (at = dwarf_ranges(function, at, &base, &low, &high)) > 0;) {
        size_t count = slots_jumps(&symbols->slots, symbols->module, &symbols->names,
                                   low + symbols->bias, high + symbols->bias, jumps, JUMPS);
        t->unknown |= count > JUMPS;
        for (size_t i = 0; i < count && !t->unknown; i++) {
            if (is_told(t, jumps[i].address - symbols->bias) ||
                (jumps[i].to && dwarf_haspc(function, jumps[i].to - symbols->bias) == 1))
                continue;
            struct symbol_code to = {.name = text_add(symbols, jumps[i].name)};
            t->unknown |= jumps[i].to != 0;
            tell(t, &to, jumps[i].address);
            close_open(t, jumps[i].address - symbols->bias);
        }
    }
    t->unknown |= t->open_count != 0;
}

static bool is_of_clang(Dwarf_Die *function)
{
    Dwarf_Die cu;
    Dwarf_Attribute attribute;
    const char *producer = dwarf_cu_die(function->cu, &cu, NULL, NULL, NULL, NULL, NULL, NULL) &&
                                   dwarf_attr(&cu, DW_AT_producer, &attribute)
                               ? dwarf_formstring(&attribute)
                               : NULL;
    return !producer || strstr(producer, "clang") || strstr(producer, "LLVM");
}

size_t symbols_tails(struct symbols *symbols, const struct symbol_code *code,
                     struct symbol out[SYMBOLS_INLINED_MAX])
{
    struct symbol_code self = *code;
    struct copies copies = {0};
    struct defined defined = {0};
    out[0] =
        tails_pack(&self, symbols->module ? TAILS_ELSEWHERE : TAILS_UNKNOWN, false, TAILS_FUNCTION);
    if (!symbols->module)
        return 1;
    if (code->entry)
        symbols_open_debug(symbols);
    if (symbols->dwarf && !symbols->units.split)
        copies_by_entry(symbols, code->entry, &copies);
    bool named = copies_by_name(symbols, code, &copies, &defined);
    if (!named && !copies.count && !is_defined_here(symbols, code->entry))
        return 1;
    struct telling t = {.symbols = symbols,
                        .out = out,
                        .count = 1,
                        .unknown = !copies.count || copies.count > COPIES};
    for (size_t i = 0; i < copies.count && !t.unknown; i++) {
        t.of_clang = is_of_clang(&copies.list[i]);
        tell_listed(&t, &copies.list[i]);
        if (t.of_clang)
            tell_read(&t, &copies.list[i]);
    }
    if (copies.count) {
        self = code_of(symbols, &copies.list[0]);
    } else if (named) {
        const struct name *name = symbols_name_at(symbols, defined.address);
        self = (struct symbol_code){.name = name ? text_add(symbols, name->text) : code->name};
    }
    out[0] = tails_pack(&self, t.unknown ? TAILS_UNKNOWN : TAILS_KNOWN, defined.exported,
                        TAILS_FUNCTION);
    return t.unknown ? 1 : t.count;
}
