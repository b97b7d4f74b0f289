/* SPDX-License-Identifier: MIT
 *
 * A build with MEMTRACE_STATIC runs with any glibc from 2.17 on, whatever it was made with. The command and the static libraries in it
 * ask for functions that a newer glibc has, or has under a newer version: here they are, under the same names, for this program alone.
 * What moved into libc in 2.34 is asked for by the version that it has always had. What is new is done by what is old.
 *
 * interpose/os/oldest_glibc.h does the same for the library, which has fewer wishes. tests/package holds the oldest version; it names
 * what is missing here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined __x86_64__
#define FIRST(x86_64) x86_64
#else
#define FIRST(x86_64) "GLIBC_2.17"
#endif

/* old_NAME is `name` as glibc has always had it: on x86_64 with this version, on aarch64 with 2.17. */
#define OLD(type, name, arguments, x86_64)                                                         \
    type old_##name arguments;                                                                     \
    __asm__(".symver old_" #name "," #name "@" FIRST(x86_64))

OLD(int, dlclose, (void *), "GLIBC_2.2.5");
OLD(char *, dlerror, (void), "GLIBC_2.2.5");
OLD(void *, dlopen, (const char *, int), "GLIBC_2.2.5");
OLD(void *, dlsym, (void *, const char *), "GLIBC_2.2.5");
OLD(int, pthread_create, (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *),
    "GLIBC_2.2.5");
OLD(int, pthread_join, (pthread_t, void **), "GLIBC_2.2.5");
OLD(int, pthread_once, (pthread_once_t *, void (*)(void)), "GLIBC_2.2.5");
OLD(int, pthread_timedjoin_np, (pthread_t, void **, const struct timespec *), "GLIBC_2.3.3");
OLD(int, pthread_rwlock_init, (pthread_rwlock_t *, const pthread_rwlockattr_t *), "GLIBC_2.2.5");
OLD(int, pthread_rwlock_destroy, (pthread_rwlock_t *), "GLIBC_2.2.5");
OLD(int, pthread_rwlock_rdlock, (pthread_rwlock_t *), "GLIBC_2.2.5");
OLD(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t *), "GLIBC_2.2.5");
OLD(int, pthread_rwlock_wrlock, (pthread_rwlock_t *), "GLIBC_2.2.5");
OLD(int, pthread_rwlock_unlock, (pthread_rwlock_t *), "GLIBC_2.2.5");
OLD(int, __pthread_key_create, (pthread_key_t *, void (*)(void *)), "GLIBC_2.2.5");

int dlclose(void *handle)
{
    return old_dlclose(handle);
}

char *dlerror(void)
{
    return old_dlerror();
}

void *dlopen(const char *file, int mode)
{
    return old_dlopen(file, mode);
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    return old_dlsym(handle, name);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*start)(void *), void *restrict context)
{
    return old_pthread_create(thread, attributes, start, context);
}

int pthread_join(pthread_t thread, void **result)
{
    return old_pthread_join(thread, result);
}

int pthread_once(pthread_once_t *once, void (*init)(void))
{
    return old_pthread_once(once, init);
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
    return old_pthread_timedjoin_np(thread, result, until);
}

int pthread_rwlock_init(pthread_rwlock_t *restrict lock,
                        const pthread_rwlockattr_t *restrict attributes)
{
    return old_pthread_rwlock_init(lock, attributes);
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    return old_pthread_rwlock_destroy(lock);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return old_pthread_rwlock_rdlock(lock);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    return old_pthread_rwlock_tryrdlock(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return old_pthread_rwlock_wrlock(lock);
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    return old_pthread_rwlock_unlock(lock);
}

int __pthread_key_create(pthread_key_t *key, void (*destructor)(void *));

int __pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    return old___pthread_key_create(key, destructor);
}

/* 2.33 has these; before, they were inline functions around __xstat, of which the headers know nothing any more. */
int stat(const char *restrict path, struct stat *restrict info)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, info, 0);
}

int lstat(const char *restrict path, struct stat *restrict info)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, info, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *info)
{
    return (int)syscall(SYS_fstat, fd, info);
}

int fstatat(int fd, const char *restrict path, struct stat *restrict info, int flags)
{
    return (int)syscall(SYS_newfstatat, fd, path, info, flags);
}

/* System calls that have functions since 2.27 and 2.25. */
int memfd_create(const char *name, unsigned flags)
{
    return (int)syscall(SYS_memfd_create, name, flags);
}

ssize_t getrandom(void *buffer, size_t bytes, unsigned flags)
{
    return syscall(SYS_getrandom, buffer, bytes, flags);
}

int getentropy(void *buffer, size_t bytes)
{
    size_t have = 0;

    while (have < bytes) {
        ssize_t more = getrandom((char *)buffer + have, bytes - have, 0);

        if (more < 0 && errno != EINTR)
            return -1;
        have += more > 0 ? (size_t)more : 0;
    }
    return 0;
}

/* 2.36's. The C++ runtime has it for its random numbers, of which nothing here asks for any. */
uint32_t arc4random(void);

uint32_t arc4random(void)
{
    uint32_t number;

    if (getentropy(&number, sizeof number) < 0)
        abort();
    return number;
}

/* 2.35's, by which an exception finds its handlers. Nobody here catches one. */
struct dl_find_object;
int _dl_find_object(void *address, struct dl_find_object *found);

int _dl_find_object(void *address, struct dl_find_object *found)
{
    (void)address;
    (void)found;
    return -1;
}

/* 2.32's: not known to be alone. */
extern char __libc_single_threaded;
char __libc_single_threaded = 0;

/* Since 2.34 libc runs a program's constructors by itself, where the program brings no function for that. Before, it had to. */
typedef void constructor(int, char **, char **);
extern constructor *__init_array_start[] __attribute__((visibility("hidden")));
extern constructor *__init_array_end[] __attribute__((visibility("hidden")));
void _init(void);

static void construct(int argc, char **argv, char **envp)
{
    _init();
    for (constructor **at = __init_array_start; at < __init_array_end; at++)
        (*at)(argc, argv, envp);
}

OLD(int, __libc_start_main,
    (int (*)(int, char **, char **), int, char **, constructor *, void (*)(void), void (*)(void),
     void *),
    "GLIBC_2.2.5");
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, constructor *init,
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, constructor *init,
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    return old___libc_start_main(main, argc, argv, init ? init : construct, fini, rtld_fini,
                                 stack_end);
}
