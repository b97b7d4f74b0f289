/* SPDX-License-Identifier: MIT
 *
 * Threads and locks. macOS's static initialisers are marks, which glibc would take for a lock that is held: a lock with one is made at its
 * first use.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libsystem.h"
#include "loader.h"

/* ---- marks ---- */

enum {
    MARK_MUTEX = 0x32aaaba7,
    MARK_ERROR_CHECK = 0x32aaaba1,
    MARK_RECURSIVE = 0x32aaaba2,
    MARK_CONDITION = 0x3cb0b1bb,
    MARK_RWLOCK = 0x2da8b3b4,
    MARK_ONCE = 0x30b1bcba
};
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t *mutex_made(void *memory)
{
    uint64_t mark;
    memcpy(&mark, memory, sizeof mark);
    if (mark != MARK_MUTEX && mark != MARK_ERROR_CHECK && mark != MARK_RECURSIVE)
        return memory;
    pthread_mutex_lock(&making);
    if (!memcmp(memory, &mark, sizeof mark)) {
        pthread_mutexattr_t attribute;
        pthread_mutexattr_init(&attribute);
        pthread_mutexattr_settype(&attribute, mark == MARK_RECURSIVE     ? PTHREAD_MUTEX_RECURSIVE
                                              : mark == MARK_ERROR_CHECK ? PTHREAD_MUTEX_ERRORCHECK
                                                                         : PTHREAD_MUTEX_NORMAL);
        pthread_mutex_init(memory, &attribute);
    }
    pthread_mutex_unlock(&making);
    return memory;
}

/* A condition or a lock for readers and writers: all zero is glibc's initialiser. */
static void *other_made(void *memory, uint64_t mark)
{
    pthread_mutex_lock(&making);
    if (!memcmp(memory, &mark, sizeof mark))
        memset(memory, 0, sizeof(pthread_cond_t)); /* the smaller of the two on macOS */
    pthread_mutex_unlock(&making);
    return memory;
}

static int mutex_init(void *memory, const void *attribute)
{
    return pthread_mutex_init(memory, attribute);
}

static int mutex_lock(void *memory)
{
    return libsystem_errno(pthread_mutex_lock(mutex_made(memory)));
}

static int mutex_trylock(void *memory)
{
    return libsystem_errno(pthread_mutex_trylock(mutex_made(memory)));
}

static int mutex_unlock(void *memory)
{
    return libsystem_errno(pthread_mutex_unlock(mutex_made(memory)));
}

static int mutex_destroy(void *memory)
{
    return libsystem_errno(pthread_mutex_destroy(mutex_made(memory)));
}

static int condition_wait(void *memory, void *mutex)
{
    return pthread_cond_wait(other_made(memory, MARK_CONDITION), mutex_made(mutex));
}

static int condition_signal(void *memory)
{
    return pthread_cond_signal(other_made(memory, MARK_CONDITION));
}

static int condition_broadcast(void *memory)
{
    return pthread_cond_broadcast(other_made(memory, MARK_CONDITION));
}

static int lock_read(void *memory)
{
    return pthread_rwlock_rdlock(other_made(memory, MARK_RWLOCK));
}

static int lock_write(void *memory)
{
    return pthread_rwlock_wrlock(other_made(memory, MARK_RWLOCK));
}

static int lock_unlock(void *memory)
{
    return pthread_rwlock_unlock(other_made(memory, MARK_RWLOCK));
}

static int once(void *memory, void (*f)(void))
{
    uint64_t mark = MARK_ONCE;
    pthread_mutex_lock(&making);
    if (!memcmp(memory, &mark, sizeof mark))
        memset(memory, 0, 16);
    pthread_mutex_unlock(&making);
    return pthread_once(memory, f);
}

static int key_create(uint64_t *key, void (*destroy)(void *))
{
    pthread_key_t here;
    int result = pthread_key_create(&here, destroy);
    if (!result)
        *key = here;
    return libsystem_errno(result);
}

static int key_delete(uint64_t key)
{
    return libsystem_errno(pthread_key_delete((pthread_key_t)key));
}

/* ---- os_unfair_lock: 4 bytes ---- */

static void unfair_lock(uint32_t *word)
{
    while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static bool unfair_trylock(uint32_t *word)
{
    return !__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE);
}

static void unfair_unlock(uint32_t *word)
{
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

/* ---- threads ---- */

enum { THREAD_CREATED = 1, THREAD_STARTS, THREAD_ENDS, THREAD_GONE };
typedef void watcher(unsigned, pthread_t, void *, size_t);
static watcher *watching;

static watcher *introspection_hook_install(watcher *f)
{
    return __atomic_exchange_n(&watching, f, __ATOMIC_ACQ_REL);
}

static void tell(unsigned what)
{
    watcher *f = __atomic_load_n(&watching, __ATOMIC_ACQUIRE);
    if (f)
        f(what, pthread_self(), NULL, 0);
}

static bool threaded; /* more than one thread was ever begun */

struct start {
    void *(*f)(void *);
    void *argument;
};

static void end(void *unused)
{
    (void)unused;
    tell(THREAD_ENDS);
}

static void *begin(void *argument)
{
    struct start start = *(struct start *)argument;
    void *result;
    free(argument);
    tell(THREAD_STARTS);
    pthread_cleanup_push(end, NULL);
    result = run_first(start.f, start.argument);
    pthread_cleanup_pop(1);
    return result;
}

static int thread_create(pthread_t *thread, const pthread_attr_t *attribute, void *(*f)(void *),
                         void *argument)
{
    struct start *start = malloc(sizeof *start);
    *start = (struct start){f, argument};
    __atomic_store_n(&threaded, true, __ATOMIC_RELAXED);
    int result = pthread_create(thread, attribute, begin, start);
    if (result)
        free(start);
    return libsystem_errno(result);
}

/* The stack of a thread: its upper end. */
static void *stack_address(pthread_t thread)
{
    pthread_attr_t attribute;
    void *low = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(thread, &attribute))
        return NULL;
    pthread_attr_getstack(&attribute, &low, &bytes);
    pthread_attr_destroy(&attribute);
    return (char *)low + bytes;
}

static size_t stack_size(pthread_t thread)
{
    pthread_attr_t attribute;
    void *low;
    size_t bytes = 0;
    if (pthread_getattr_np(thread, &attribute))
        return 0;
    pthread_attr_getstack(&attribute, &low, &bytes);
    pthread_attr_destroy(&attribute);
    return bytes;
}

static int thread_id(pthread_t thread, uint64_t *id)
{
    if (thread && !pthread_equal(thread, pthread_self()))
        return ESRCH;
    *id = (uint64_t)syscall(SYS_gettid);
    return 0;
}

static int is_main(void)
{
    return getpid() == (pid_t)syscall(SYS_gettid);
}

static int set_name(const char *name)
{
    return pthread_setname_np(pthread_self(), name);
}

static int get_name(pthread_t thread, char *out, size_t bytes)
{
    return pthread_getname_np(thread, out, bytes);
}

static uint32_t mach_thread(pthread_t thread)
{
    return pthread_equal(thread, pthread_self()) ? (uint32_t)syscall(SYS_gettid) : 0;
}

static uint32_t mach_thread_self(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

/* A trap of Mach's that gives the processor away. */
static int thread_switch(uint32_t to, int option, uint32_t ms)
{
    (void)to, (void)option, (void)ms;
    sched_yield();
    return 0;
}

static int is_threaded(void)
{
    return __atomic_load_n(&threaded, __ATOMIC_RELAXED);
}

const struct adapter libsystem_threads[] = {
    {"_pthread_mutex_init", mutex_init},
    {"_pthread_mutex_lock", mutex_lock},
    {"_pthread_mutex_trylock", mutex_trylock},
    {"_pthread_mutex_unlock", mutex_unlock},
    {"_pthread_mutex_destroy", mutex_destroy},
    {"_pthread_cond_wait", condition_wait},
    {"_pthread_cond_signal", condition_signal},
    {"_pthread_cond_broadcast", condition_broadcast},
    {"_pthread_rwlock_rdlock", lock_read},
    {"_pthread_rwlock_wrlock", lock_write},
    {"_pthread_rwlock_unlock", lock_unlock},
    {"_pthread_once", once},
    {"_pthread_key_create", key_create},
    {"_pthread_key_delete", key_delete},
    {"_pthread_create", thread_create},
    {"_pthread_get_stackaddr_np", stack_address},
    {"_pthread_get_stacksize_np", stack_size},
    {"_pthread_threadid_np", thread_id},
    {"_pthread_main_np", is_main},
    {"_pthread_is_threaded_np", is_threaded},
    {"_thread_switch", thread_switch},
    {"_pthread_setname_np", set_name},
    {"_pthread_getname_np", get_name},
    {"_pthread_mach_thread_np", mach_thread},
    {"_pthread_introspection_hook_install", introspection_hook_install},
    {"_mach_thread_self", mach_thread_self},
    {"_os_unfair_lock_lock", unfair_lock},
    {"_os_unfair_lock_trylock", unfair_trylock},
    {"_os_unfair_lock_unlock", unfair_unlock},
    {NULL, NULL},
};
