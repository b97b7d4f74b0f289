/* SPDX-License-Identifier: MIT
 *
 * Where the files of the program and of its libraries are.
 */
#ifndef MT_PROGRAM_H
#define MT_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* The main program's file: an absolute path, or as good as it is known; its length, without the NUL at its end, 0: not known. The loader
 * may have been called to start it (ld.so ./program), and /proc may be missing. `bytes`: room in `to`. Needs no lock, calls no
 * hook; reads /proc/self/maps. */
size_t mt_program_path(char *to, size_t bytes);

/* The name that the program was started by (argv[0]). */
const char *mt_program_argv0(void);

/* The same with its NUL into `to`: how many bytes, 0: it does not fit. */
size_t mt_program_started_as(char *to, size_t bytes);

/* Make the path of an object that the loader knows by a relative one absolute, in place: `address` is in the object, `room` as large
 * as the buffer. Returns the length. */
size_t mt_program_absolute(char *path, size_t room, uintptr_t address);

#endif
