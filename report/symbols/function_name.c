/* SPDX-License-Identifier: MIT */
#include "symbols/function_name.h"

#include <dwarf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "symbols/demangle.h"

#define NOT_MANGLED UINT32_MAX

Dwarf_Die function_origin(Dwarf_Die *die)
{
    static const unsigned int links[] = {DW_AT_abstract_origin, DW_AT_specification};
    Dwarf_Die at = *die, next;
    for (unsigned i = 0; i < 8; i++) { /* two links are usual */
        Dwarf_Attribute attribute;
        if (!dwarf_attr(&at, links[0], &attribute) && !dwarf_attr(&at, links[1], &attribute))
            break;
        if (!dwarf_formref_die(&attribute, &next))
            break;
        at = next;
    }
    return at;
}

/* The name with those of its classes and name spaces, for functions without a linkage name: C++
 * lambdas and what else is local. Slow (libdw goes through the unit to find what encloses an
 * entry), so the caller remembers it. */
static uint32_t qualified_name(struct strings *strings, Dwarf_Die *die, const char *name)
{
    Dwarf_Die *scopes = NULL;
    int count = dwarf_getscopes_die(die, &scopes);
    char *text = base_copy(name, strlen(name));
    for (int i = 1; i < count; i++) {
        const char *part = dwarf_diename(&scopes[i]);
        int tag = dwarf_tag(&scopes[i]);
        if (tag == DW_TAG_compile_unit || tag == DW_TAG_partial_unit || tag == DW_TAG_lexical_block)
            continue;
        if (!part)
            part = tag == DW_TAG_namespace       ? "(anonymous namespace)"
                   : !strcmp(name, "operator()") ? "{lambda}"
                                                 : "(unnamed)";
        char *longer = base_alloc(strlen(part) + strlen(text) + 3, 1);
        sprintf(longer, "%s::%s", part, text);
        free(text);
        text = longer;
    }
    free(scopes);
    uint32_t id = strings_add(strings, text, strlen(text));
    free(text);
    return id;
}

/* Rust's older mangling says nothing of generic arguments; the entry's own name has them: f<u64>. */
static uint32_t with_generics(struct strings *strings, uint32_t name, const char *linkage,
                              const char *plain)
{
    const char *arguments = plain ? strchr(plain, '<') : NULL, *known = strings_get(strings, name);
    if (!arguments || arguments == plain || strncmp(linkage, "_ZN", 3) != 0 ||
        known[strlen(known) - 1] == '>')
        return name;
    char *text = base_alloc(strlen(known) + strlen(arguments) + 1, 1);
    sprintf(text, "%s%s", known, arguments);
    name = strings_add(strings, text, strlen(text));
    free(text);
    return name;
}

/* Of a name in the file's bytes: the same one is met at every call that was inlined. */
static uint32_t demangled(struct function_names *names, struct strings *strings,
                          const char *linkage)
{
    uint32_t *known = map_at(&names->demangled, (uintptr_t)linkage);
    if (!*known) {
        uint32_t name = demangle(strings, linkage);
        *known = name ? name : NOT_MANGLED;
    }
    return *known == NOT_MANGLED ? 0 : *known;
}

static const char *linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
        dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
        return dwarf_formstring(&attribute);
    return NULL;
}

const char *function_linker_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    bool external = false;
    const char *linkage = linkage_name(die);
    if (linkage)
        return linkage;
    if (!dwarf_attr_integrate(die, DW_AT_external, &attribute) ||
        dwarf_formflag(&attribute, &external) || !external)
        return NULL;
    return dwarf_attr_integrate(die, DW_AT_name, &attribute) ? dwarf_formstring(&attribute) : NULL;
}

uint32_t function_name(struct function_names *names, struct strings *strings, Dwarf_Die *die,
                       const char *language)
{
    Dwarf_Attribute attribute;
    const char *linkage = linkage_name(die);
    uint32_t name = linkage ? demangled(names, strings, linkage) : 0;
    const char *plain =
        dwarf_attr_integrate(die, DW_AT_name, &attribute) ? dwarf_formstring(&attribute) : linkage;
    if (name)
        return strcmp(language, "Rust") ? name : with_generics(strings, name, linkage, plain);
    if (!plain)
        return 0;
    if (linkage || strcmp(language, "C++") != 0)
        return strings_add(strings, plain, strlen(plain));
    Dwarf_Die origin = function_origin(die);
    uint32_t *known = map_at(&names->qualified, dwarf_dieoffset(&origin));
    if (!*known)
        *known = qualified_name(strings, &origin, plain);
    return *known;
}

void function_names_free(struct function_names *names)
{
    map_free(&names->qualified);
    map_free(&names->demangled);
}
