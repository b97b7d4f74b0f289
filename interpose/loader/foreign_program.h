/* SPDX-License-Identifier: MIT
 *
 * Programs that are about to be executed and can't be traced: those of another libc than glibc and musl, whose loaders may end a program whose
 * preloaded library they can't link, and of another machine (glibc's loader prints a complaint).
 */
#ifndef MT_FOREIGN_PROGRAM_H
#define MT_FOREIGN_PROGRAM_H

#include <stdbool.h>

/* Whether the loader of the program at `path` (relative to `folder`, a descriptor or AT_FDCWD), or of what its "#!" line names, can't
 * load this library. False where that is not known: no such file, a static program. Opens files for a moment; no lock, no memory,
 * errno may change: also in a child of vfork. Less than 1 KiB of stack. */
bool mt_program_foreign(int folder, const char *path);
/* The same of an open file, whose position stays. */
bool mt_program_foreign_file(int fd);

/* Defined by the file that knows the format of programs, foreign_program_elf.c or macho/foreign_program.c, for foreign_program.c alone. False: the
 * open file is no program in that format, and may be a script. True: *foreign says whether its loader can't load this library. `room` is for
 * what it reads. No lock, no memory. */
#define MT_PROGRAM_LINE 256u /* what the kernel reads of a script's first line */
bool mt_program_judge(int fd, char room[MT_PROGRAM_LINE], bool *foreign);

#endif
