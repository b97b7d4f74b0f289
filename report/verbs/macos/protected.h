/* SPDX-License-Identifier: MIT
 *
 * macOS drops DYLD_INSERT_LIBRARIES, or refuses the library, where a program is protected. Found out from the program's file before it is
 * started. It reads the file by itself, on whatever system.
 */
#ifndef MACOS_PROTECTED_H
#define MACOS_PROTECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Apple's numbers of processors. */
#define MACOS_X86_64 0x01000007u
#define MACOS_ARM64  0x0100000cu

enum protected_answer {
    PROTECTED_NOT,
    PROTECTED_NO_PROGRAM, /* not in the format of macOS's programs: a script, perhaps */
    PROTECTED_OTHER,      /* of another architecture than `processor` */
    PROTECTED_SO          /* by the system */
};

/* The program at `path`, which is absolute and no link, whose file's `bytes` bytes are in memory; damage is taken for what it
 * looks like. `why` gets a reason for the last two, without a full stop, fit to stand after the name. */
enum protected_answer protected_check(const char *path, const unsigned char *file, size_t bytes,
                                      uint32_t processor, char *why, size_t why_bytes);

#endif
