/* SPDX-License-Identifier: MIT
 *
 * What the tracker needs of the operating system, by raw system calls: none is a cancellation
 * point, none is one of our own wrapped functions, none touches the program's state. Results below
 * 0 are -errno. errno may change: hooks save it.
 */
#ifndef MT_OS_H
#define MT_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Anonymous private memory, zeroed; NULL on failure. */
void *mt_os_map(size_t bytes);
/* Address space without memory behind it, to be filled by mt_os_map_file; NULL on failure. */
void *mt_os_reserve(size_t bytes);
void mt_os_unmap(void *at, size_t bytes);
/* Map `bytes` of the file at `offset` shared, read-write, over `at`; not inherited by fork
 * children. */
int mt_os_map_file(void *at, size_t bytes, int fd, uint64_t offset);
/* A hint: `bytes` at `at` are all in use and read at random, so that huge pages save the misses of the TLB. Any alignment. */
void mt_os_huge(void *at, size_t bytes);
/* A copy of that part of the file over `at`, where nothing must be mapped; where the file can't be had (fd < 0), zeros. */
int mt_os_map_copy(void *at, size_t bytes, int fd, uint64_t offset);
/* From now on reads as zero in the child of a fork. */
bool mt_os_wipe_on_fork(void *at, size_t bytes);

/* Create a new file for reading and writing: a descriptor out of the program's way. A link is never
 * followed at the end of the path, nor anybody else's link in a sticky folder like /tmp (-ELOOP). */
int mt_os_create(const char *path);
/* The same without a name, in the folder that `path` is in (-EOPNOTSUPP or -EISDIR: not on this file system), and the name for
 * it. */
int mt_os_create_nameless(const char *path);
int mt_os_link(int fd, const char *path);
/* All of the bytes, at this offset. */
bool mt_os_write_at(int fd, const void *data, size_t bytes, uint64_t offset);
/* This process may do what the user who started it may not (set-user-ID and the like). */
bool mt_os_privileged(void);
void mt_os_remove(const char *path);
/* Give the file real space at its end, `offset`; where there is none the file stays as it was. Never
 * SIGXFSZ. */
int mt_os_allocate(int fd, uint64_t offset, uint64_t bytes);
/* The file's identity, to know it again: device and inode. */
int mt_os_identity(int fd, uint64_t id[2]);
int mt_os_open(const char *path, bool write);
/* Duplicate onto a high number, closed by exec. */
int mt_os_high(int fd);
/* Take all free descriptors below those that mt_os_high gives: up to `cap` into `held`, to be closed
 * by the caller; their number. */
unsigned mt_os_hold_low(int *held, unsigned cap);
void mt_os_close(int fd);
/* Up to `bytes` of a file from its beginning; for /proc. Returns what was read. */
bool mt_os_exists(const char *path);
ssize_t mt_os_read_file(const char *path, void *to, size_t bytes);
ssize_t mt_os_readlink(const char *path, char *to, size_t bytes);
ssize_t mt_os_write(int fd, const void *from, size_t bytes);
ssize_t mt_os_cwd(char *to, size_t bytes); /* without the NUL */
bool mt_os_is_terminal(int fd);

/* Hold back all signals of this thread; *mask: what was held back before. */
void mt_os_hold_signals(uint64_t *mask);
void mt_os_release_signals(const uint64_t *mask);
bool mt_os_on_signal_stack(void); /* of sigaltstack */

int mt_os_pid(void);
int mt_os_parent(void);
int mt_os_tid(void);
void mt_os_thread_name(char name[16]);
void mt_os_yield(void);
uint64_t mt_os_mono(void);     /* CLOCK_MONOTONIC, ns; no system call */
uint64_t mt_os_real(void);     /* CLOCK_REALTIME, ns */
uint64_t mt_os_boot(void);     /* CLOCK_BOOTTIME, ns */
uint64_t mt_os_resident(void); /* resident set of this process in bytes; about 1 us */
size_t mt_os_page(void);

#endif
