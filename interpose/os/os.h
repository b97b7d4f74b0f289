/* SPDX-License-Identifier: MIT
 *
 * What the tracker needs of the operating system, by raw system calls (on macOS, where there are none, by functions of libSystem that do nothing else): none is a cancellation
 * point, none is one of our own wrapped functions, none allocates or touches the program's state.
 * Any thread, at any time; errno may change, and hooks keep it. The file is chosen by system:
 * linux*.c, darwin*.c.
 */
#ifndef MT_OS_H
#define MT_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- Memory ---- */

/* mmap for the tracker's own memory; NULL and errno on failure. Where no address is wanted, the mapping lies
 * apart from the program's. Not locked in memory while mt_os_locking. Any thread, anywhere. */
void *mt_os_place(void *wanted, size_t bytes, int prot, int flags, int fd, uint64_t offset);

/* What was mapped there is so no longer: mt_os_place may take the addresses again. mt_os_unmap tells it itself. */
void mt_os_unplaced(void *unmapped, size_t bytes);

/* Anonymous private memory, zeroed; NULL on failure. */
void *mt_os_map(size_t bytes);
/* The same, shared with what is forked from now on. */
void *mt_os_map_shared(size_t bytes);
/* Address space without memory behind it, to be filled by mt_os_map_file; NULL on failure. */
void *mt_os_reserve(size_t bytes);
/* The same as a stack: the page below is never mapped for anybody. NULL on failure. */
void *mt_os_map_stack(size_t bytes);
/* Any mapping, or a part of one: whole pages. */
void mt_os_unmap(void *at, size_t bytes);
/* Map `bytes` of the file at `offset` shared, read-write, over `at`; not inherited by fork
 * children. 0 or -errno: then nothing may be mapped at `at`. */
int mt_os_map_file(void *at, size_t bytes, int fd, uint64_t offset);
/* In a fork's child that has inherited such a mapping all the same: it is gone, and the place is nobody's to take. */
void mt_os_leave_file(void *at, size_t bytes);
/* A copy of that part of the file over `at`, where nothing must be mapped; where the file can't be
 * had (fd < 0), zeros. 0 or -errno. */
int mt_os_map_copy(void *at, size_t bytes, int fd, uint64_t offset);
/* These pages of a shared mapping of a file count no longer in the resident set, until they are used
 * again. They lose nothing. */
void mt_os_not_resident(void *at, size_t bytes);
/* The program locks what is mapped from now on (mlockall, MCL_FUTURE): what is mapped here is unlocked
 * again at once, and then counts no longer in its limit. Not inherited by fork children. */
extern bool mt_os_locking;
/* Unlock these pages. */
void mt_os_unlock(void *at, size_t bytes);
/* A hint: `bytes` at `at` are all in use and read at random, so that huge pages save the misses of
 * the TLB. Any alignment. */
void mt_os_huge(void *at, size_t bytes);
/* From now on these pages read as zero in the child of a fork. False: not possible here. */
bool mt_os_wipe_on_fork(void *at, size_t bytes);
/* Of systems whose kernel can't do that (darwin.c): to be called in the child of a fork before anything else. */
void mt_os_forked(void);
/* Of darwin.c alone: have dyld bind the few functions of libSystem that the compiler calls by itself, which it would do at their first
 * call, under a lock of its own. Once, by the constructor. */
void mt_os_bind(void);
/* Whole pages of anonymous memory are zeros again, and cost nothing. False: not possible here. */
bool mt_os_zero(void *at, size_t bytes);
/* Which of the whole pages from `at` on are in memory: bit 0 of a byte of answer[] for each. False: not known. */
bool mt_os_in_memory(uintptr_t at, size_t bytes, unsigned char *answer);
/* Copy memory of this process that may not be there. False: it is not, or the system does not allow
 * it. */
bool mt_os_read_memory(uintptr_t address, void *to, size_t bytes);
/* Copy several pieces, one behind the other, 1,024 at most: how many bytes there were up to the first piece that is not there, of which
 * a part may have been copied; 0 if the system does not allow it. */
struct mt_os_span {
    uintptr_t at;
    size_t bytes;
};
size_t mt_os_read_spans(const struct mt_os_span *spans, uint32_t count, void *to);
/* Size of a System V segment of shared memory; 0: not known. */
size_t mt_os_segment(int id);
/* Bytes of a page. No system call. */
size_t mt_os_page(void);

/* ---- Files: descriptors are the caller's, to be closed by mt_os_close ---- */

/* Create a new file for reading and writing, mode 0600 whatever the umask, of the user that this process began as: a
 * descriptor out of the program's way if possible, or -errno. A link is never followed at the end of the path, nor anybody else's link in a sticky folder like
 * /tmp (-ELOOP). */
int mt_os_create(const char *path);
/* The same without a name, in the folder that `path` is in (-EOPNOTSUPP or -EISDIR: not on this
 * file system). */
int mt_os_create_nameless(const char *path);
/* After one or more of these, and of mt_os_link: the folder is no longer kept open. One thread at a time calls the three. */
void mt_os_create_end(void);
/* Give it the name `path`. 0 or -errno; -EEXIST: the name is taken. */
int mt_os_link(int fd, const char *path);
/* What an open file is, as far as mapping it goes. */
struct mt_os_kind {
    bool memory; /* its pages are in memory only: memfd, /dev/shm, any tmpfs, huge pages */
    bool zero;   /* /dev/zero */
};
struct mt_os_kind mt_os_kind(int fd);
/* Open an existing file that must not be a link: a descriptor or -errno. To write: as the user that this process began as. */
int mt_os_open(const char *path, bool write);
/* Open a file for reading; links are followed. A descriptor or -errno. */
int mt_os_open_read(const char *path);
/* Open a program's file for reading; `path` is relative to `folder`, -1: to the working folder. A descriptor, or -errno where it is
 * no regular file. */
int mt_os_open_program(int folder, const char *path);
/* A duplicate on a high number, closed by exec; or -errno: -EMFILE also where the limit leaves the program so few that none
 * is to be kept. `fd` stays open. */
int mt_os_high(int fd);
/* Whether that is such a number. */
bool mt_os_is_high(int fd);
/* Errors are not told. */
void mt_os_close(int fd);
/* Give the file another name, which nothing has. 0 or -errno. */
int mt_os_rename(const char *from, const char *to);
/* Take the name away from the file. Errors are not told. */
void mt_os_remove(const char *path);
/* Give the file real space at its end, `offset`; where there is none the file stays as it was. 0 or
 * -errno. Never SIGXFSZ. */
int mt_os_allocate(int fd, uint64_t offset, uint64_t bytes);
/* The file's identity, to know it again: device and inode. 0 or -errno. */
int mt_os_identity(int fd, uint64_t id[2]);
/* Whether the file at `path` is that one, and no link to it. */
bool mt_os_path_is(const char *path, const uint64_t id[2]);
/* All of the bytes, to or from this offset. False: not all of them. */
bool mt_os_write_at(int fd, const void *data, size_t bytes, uint64_t offset);
bool mt_os_read_at(int fd, void *to, size_t bytes, uint64_t offset);
/* Up to so many bytes from the file's beginning, in one call; its position stays. How many, or -errno. */
ssize_t mt_os_read_some(int fd, void *to, size_t bytes);
/* Once, at the descriptor's position: how many bytes were written, or -errno. */
ssize_t mt_os_write(int fd, const void *from, size_t bytes);
/* A line for people, at the descriptor's position, once: where nobody reads it, or not for the time being, it is left out. Never
 * SIGPIPE, and never waits for long. False: not all of it was written. */
bool mt_os_say(int fd, const void *text, size_t bytes);
/* Once, at the descriptor's position: how many bytes were read, or -errno. */
ssize_t mt_os_read(int fd, void *to, size_t bytes);
/* The absolute path of the file that is mapped at `address`, with a NUL, at most `bytes` in all: its
 * length, 0: not known (no /proc, or no file there). Takes some 30 us, and 64 KiB for as long. */
size_t mt_os_mapped_file(uintptr_t address, char *to, size_t bytes);
/* The same of the file that exec started this process from: 1 us. */
size_t mt_os_program_file(char *to, size_t bytes);
/* Call `visit` for each mapping of the process that can be locked, in order; `room`: for the longest line of
 * /proc/self/maps, best 64 KiB. False: there is no /proc. */
bool mt_os_each_mapping(char *room, size_t bytes,
                        void (*visit)(uintptr_t start, uintptr_t end, void *context),
                        void *context);
/* Up to `bytes` of a file from its beginning: how many were read, or -errno. */
ssize_t mt_os_read_file(const char *path, void *to, size_t bytes);
/* In the child of a fork: another thread of the parent may have been in mt_os_read_file, or have made a file, and
 * the child then has a descriptor of that. */
void mt_os_close_inherited(void);
/* Whether the path leads to something. */
bool mt_os_exists(const char *path);
/* Size and time of the last change, in ns since 1970, of the regular file at `path`. False: there is none. */
bool mt_os_stamp(const char *path, uint64_t *bytes, uint64_t *modified);
/* Whether the descriptor is a terminal. */
bool mt_os_is_terminal(int fd);

/* ---- The process and its threads ---- */

int mt_os_pid(void);    /* of this process */
int mt_os_parent(void); /* of its parent */
int mt_os_tid(void);    /* of this thread, for the system */
/* Whether there is a thread of that number, in whatever process. True where the system doesn't say. */
bool mt_os_tid_exists(int tid);
/* The thread's name, padded with zeros. */
void mt_os_thread_name(char name[16]);

/* ---- Waiting for another thread of this process ---- */

/* Sleep until mt_os_wake or a signal, for `ns` at most; not at all if the word is not `value`. False: the
 * time has passed. */
bool mt_os_wait(const uint32_t *word, uint32_t value, uint64_t ns);
/* Wake one thread that sleeps there. */
void mt_os_wake(const uint32_t *word);
/* Whether this thread has a real-time class. */
bool mt_os_real_time(void);
/* The word is 0, or the tid of a thread, which runs with this one's priority, if that is higher, until it calls
 * mt_os_give_back: then the word becomes this thread's tid, with bit 31 set if there are more who wait. Bit 31 is set
 * meanwhile. False: the time has passed, or no such thread is known. mt_os_give_back: false if it is not this thread's. */
bool mt_os_lend(uint32_t *word, uint64_t ns);
bool mt_os_give_back(uint32_t *word);

/* The value of an environment variable; NULL: it is not set. Works before libc has set `environ`,
 * too, since a hook may run before libc's own initialisation: then it comes from the kernel's copy,
 * as far as that fits in `room`, which must outlive the value. */
const char *mt_os_variable(const char *name, char *room, size_t bytes);
/* The arguments, each with its NUL: how many bytes, or -errno. */
ssize_t mt_os_arguments(char *to, size_t bytes);
/* The working directory, without a terminator: its length, or -errno. */
ssize_t mt_os_cwd(char *to, size_t bytes);
/* A path that opens the file of the running program. */
const char *mt_os_program(void);
/* When the process started, in the system's own unit: tells whether a pid is still the same
 * process. 0: not known. */
uint64_t mt_os_start_ticks(void);
/* When it began, in ns since 1970. 0: not known. */
uint64_t mt_os_began(void);
/* Up to `bytes` of the variables that the parent of this process was started with, each with its NUL: how many bytes, or -errno. */
ssize_t mt_os_parent_variables(char *to, size_t bytes);
/* Where the stack that the kernel made began when the program did. 0: not known. */
uintptr_t mt_os_stack_start(void);
/* Whether the process has no thread but this one. False where that is not known. */
bool mt_os_alone(void);
/* The machine's name, or the container's, in name[0..bytes) with a NUL; "": not known. Read from /proc, as uname is a call that a filter
 * which this process began under need not let pass. */
void mt_os_host(char *name, size_t bytes);
/* Files are made, and the log is opened, as the user that the process begins as. Once, before that. */
void mt_os_note_user(void);
/* Whether this process may do what the user who started it may not (set-user-ID and the like). */
bool mt_os_privileged(void);

/* ---- Signals, clocks, the resident set ---- */

/* Hold back all signals of this thread, unless a filter forbids that (os/call.h); *mask: what was held
 * back before, for mt_os_release_signals. */
void mt_os_hold_signals(uint64_t *mask);
void mt_os_release_signals(const uint64_t *mask);
/* Whether this thread runs on the stack of sigaltstack. */
bool mt_os_on_signal_stack(void);

uint64_t mt_os_mono(void);     /* CLOCK_MONOTONIC, ns; no system call */
uint64_t mt_os_real(void);     /* CLOCK_REALTIME, ns; no system call */
uint64_t mt_os_boot(void);     /* CLOCK_BOOTTIME, ns; a system call */
uint64_t mt_os_resident(void); /* resident set of this process in bytes; about 1 us */

#endif
