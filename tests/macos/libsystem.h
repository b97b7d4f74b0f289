/* SPDX-License-Identifier: MIT
 *
 * macOS's C library, as far as the tests' programs and the library need it, by glibc. What has the same ABI on both is glibc's own
 * function; else there is an adapter, which has the prototype of macOS's. Errors are told in macOS's numbers.
 *
 *   libsystem.c          which name is what
 *   libsystem_files.c    files, descriptors
 *   libsystem_memory.c   mappings
 *   libsystem_zones.c    malloc's zones, typed malloc
 *   libsystem_threads.c  threads, locks
 *   libsystem_signals.c  signals
 *   libsystem_images.c   what is loaded: dyld's and dlopen's functions
 *   libsystem_system.c   time, the machine
 *   libsystem_process.c  other programs, limits, what the kernel knows of a process
 *   libsystem_errno.c    numbers of errors
 */
#ifndef LIBSYSTEM_H
#define LIBSYSTEM_H

/* A name (with its underscore), and what it is. Tables end with a name that is NULL. */
struct adapter {
    const char *name;
    void *address;
};
extern const struct adapter libsystem_files[], libsystem_memory[], libsystem_zones[],
    libsystem_threads[], libsystem_signals[], libsystem_images[], libsystem_system[],
    libsystem_process[];

/* NULL: not known. */
void *libsystem_find(const char *name);
/* As a macOS without this function is. The text stays the caller's. */
void libsystem_hide(const char *name);
/* All images are there; none runs yet. */
void libsystem_begin(void);

/* errno is now the number that macOS has for it. Returns -1. */
int libsystem_failed(void);
int libsystem_errno(int linux_number);
/* A signal's number on the other system; 0: it has none. */
int libsystem_signal(int linux_number);
int libsystem_signal_here(int number);

#endif
