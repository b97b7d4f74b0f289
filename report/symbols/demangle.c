/* SPDX-License-Identifier: MIT */
#include "symbols/demangle.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

/* Longer than what compilers make; the demangler's time and output grow faster than its input. */
#define NAME_MAX_BYTES 0x10000u

uint32_t demangle(struct strings *strings, const char *name)
{
    if (name[0] != '_' || strnlen(name, NAME_MAX_BYTES) == NAME_MAX_BYTES)
        return 0;
    char *text = cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
    if (!text)
        return 0;
    uint32_t id = strings_add(strings, text, strlen(text));
    free(text);
    return id;
}

/* Rust's older mangling is C++'s with a last component "h" and 16 hexadecimal digits. */
const char *demangle_language(const char *name)
{
    size_t length = strlen(name);
    if (!strncmp(name, "_R", 2))
        return "Rust";
    if (strncmp(name, "_Z", 2) != 0)
        return "native";
    if (length > 20 && name[length - 1] == 'E' && !strncmp(name + length - 20, "17h", 3) &&
        strspn(name + length - 17, "0123456789abcdef") == 16)
        return "Rust";
    return "C++";
}
