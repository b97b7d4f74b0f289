/* SPDX-License-Identifier: MIT */
#include "libsystem.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN_MAX 64u

/* Of the same ABI on both: nothing but numbers, bytes, texts, and things that only the library itself looks into. */
static const char *const same[] = {
    /* malloc */
    "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "valloc",
    /* bytes and texts */
    "memcpy", "memmove", "memset", "memcmp", "memchr", "memccpy", "memmem", "bzero", "bcmp",
    "bcopy", "strlen", "strnlen", "strcmp", "strncmp", "strcasecmp", "strncasecmp", "strcpy",
    "strncpy", "stpcpy", "strcat", "strncat", "strchr", "strrchr", "strstr", "strpbrk", "strspn",
    "strcspn", "strdup", "strndup", "strtok", "strtok_r", "strtol", "strtoll", "strtoul",
    "strtoull", "strtod", "atoi", "atol", "qsort", "bsearch", "lfind", "lsearch", "__memcpy_chk",
    "__memmove_chk", "__memset_chk", "__strcpy_chk", "__strncpy_chk", "__strcat_chk",
    "__sprintf_chk", "__snprintf_chk", "__vsnprintf_chk", "__stack_chk_fail",
    /* streams */
    "printf", "fprintf", "sprintf", "snprintf", "vprintf", "vfprintf", "vsnprintf", "asprintf",
    "vasprintf", "dprintf", "vdprintf", "puts", "putchar", "fputs", "fputc", "putc", "fwrite",
    "fread", "fopen", "fclose", "fflush", "fgets", "getline", "setvbuf", "perror", "fileno", "feof",
    "ferror", "sscanf",
    /* descriptors: their failures are those of numbers up to 34 */
    "read", "write", "close", "lseek", "pread", "pwrite", "dup", "dup2", "pipe", "ftruncate",
    "fsync", "access", "munlock", "mlock", "poll", "unlink", "rename", "mkdir", "rmdir", "isatty",
    "getcwd", "chdir", "realpath", "readlink", "umask", "fchmod", "chmod", "writev", "readv",
    /* the process */
    "exit", "_exit", "_Exit", "abort", "__cxa_atexit", "__cxa_finalize", "getenv", "setenv",
    "unsetenv", "fork", "vfork", "waitpid", "wait", "getpid", "getppid", "getuid", "geteuid",
    "getgid", "getegid", "getpgrp", "setsid", "gethostname", "getpagesize", "sleep", "usleep",
    "nanosleep", "sched_yield", "time", "gettimeofday", "localtime_r", "gmtime_r", "strftime",
    "rand", "srand", "random", "arc4random", "arc4random_buf", "arc4random_uniform", "getentropy",
    "alarm", "tzset",
    /* jumps; the mask of signals is not kept, as glibc's buffer with it is larger than macOS's */
    "_setjmp", "_longjmp", "longjmp",
    /* threads */
    "pthread_self", "pthread_join", "pthread_detach", "pthread_equal", "pthread_exit",
    "pthread_getspecific", "pthread_setspecific", "pthread_attr_init", "pthread_attr_destroy",
    "pthread_attr_setstacksize", "pthread_attr_getstacksize", "sem_post"};

static const struct adapter *const tables[] = {
    libsystem_files,   libsystem_memory, libsystem_zones,  libsystem_threads,
    libsystem_signals, libsystem_images, libsystem_system, libsystem_process,
};

static const char *hidden[HIDDEN_MAX];
static unsigned hidden_count;

void libsystem_hide(const char *name)
{
    if (hidden_count == HIDDEN_MAX)
        abort();
    hidden[hidden_count++] = name;
}

static void binder(void)
{
    fprintf(stderr, "loader: a lazy reference was not bound\n");
    abort();
}

static void *find_adapter(const char *name)
{
    if (!strcmp(name, "dyld_stub_binder"))
        return binder;
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const struct adapter *a = tables[t]; a->name; a++)
            if (!strcmp(a->name, name))
                return a->address;
    return NULL;
}

/* A variant of a function, without being a cancellation point; glibc has none. */
static const char plain_only[] = "$NOCANCEL";

void *libsystem_find(const char *name)
{
    char plain[256];
    size_t length = strlen(name), suffix = sizeof plain_only - 1;
    if (length > suffix && length < sizeof plain && !strcmp(name + length - suffix, plain_only)) {
        snprintf(plain, sizeof plain, "%.*s", (int)(length - suffix), name);
        name = plain;
    }
    for (unsigned i = 0; i < hidden_count; i++)
        if (!strcmp(hidden[i], name))
            return NULL;
    void *adapter = find_adapter(name);
    if (adapter || name[0] != '_')
        return adapter;
    for (unsigned i = 0; i < sizeof same / sizeof same[0]; i++)
        if (!strcmp(same[i], name + 1))
            return dlsym(RTLD_DEFAULT, same[i]);
    return NULL;
}
