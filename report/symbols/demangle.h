/* SPDX-License-Identifier: MIT
 *
 * C++ and Rust (both manglings) names.
 */
#ifndef MEMTRACE_DEMANGLE_H
#define MEMTRACE_DEMANGLE_H

#include "base/map.h"

/* The readable form of a linkage name; 0 if it is not a mangled one. */
uint32_t demangle(struct strings *strings, const char *name);
/* The language a linkage name tells: "C++", "Rust" or "native". */
const char *demangle_language(const char *name);

#endif
