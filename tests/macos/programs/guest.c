/* SPDX-License-Identifier: MIT
 *
 * A program for macOS that says whether all is as it should be there: what the loader has fixed up, and the C library below it. Each check that fails
 * is printed.
 */
#include "guest.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mach-o/dyld.h>
#include <mach-o/loader.h>
#include <mach/mach_time.h>
#include <malloc/malloc.h>
#include <os/lock.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* <mach-o/getsect.h>, which zig does not have */
extern uint8_t *getsectiondata(const struct mach_header_64 *, const char *, const char *,
                               unsigned long *);

static int failures;
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("guest.c:%d: %s\n", __LINE__, #condition);                                      \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static int order[4], order_count;
__attribute__((constructor(101))) static void first(void)
{
    order[order_count++] = 1;
}
__attribute__((constructor(102))) static void second(void)
{
    order[order_count++] = 2;
}
__attribute__((destructor)) static void last(void)
{
    printf("the destructor ran\n");
}
static void at_exit(void)
{
    printf("atexit's ran\n");
}

int guest_weak(void)
{
    return 2;
}

/* ---- fixups ---- */

static int table[1000];
static int *pointers[] = {&table[0], &table[999], guest_data, guest_data + 3};
static int (*functions[])(int) = {guest_function};
static const char *const texts[] = {"a", "bc"};

static void fixups(void)
{
    CHECK(pointers[0] == table && pointers[1] == table + 999);
    CHECK(*pointers[2] == 1 && *pointers[3] == 4);
    CHECK(functions[0](4) == 7 && functions[0] == guest_function);
    CHECK(!strcmp(texts[1], "bc"));
    CHECK(guest_weak() == 2 && guest_asks_weak() == 2);
    CHECK(order_count == 2 && order[0] == 1 && order[1] == 2);
}

/* ---- files ---- */

static void files(const char *folder)
{
    char path[1024], other[1024];
    struct stat info;
    snprintf(path, sizeof path, "%s/a file", folder);
    snprintf(other, sizeof other, "%s/nothing/here", folder);
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(write(fd, "hello", 5) == 5 && !ftruncate(fd, 8192));
    CHECK(!fstat(fd, &info) && info.st_size == 8192 && S_ISREG(info.st_mode));
    CHECK((info.st_mode & 0777) == 0640 && info.st_nlink == 1 && info.st_uid == getuid());
    struct stat same;
    CHECK(!stat(path, &same) && same.st_ino == info.st_ino && same.st_dev == info.st_dev);
    CHECK(same.st_mtimespec.tv_sec > 1500000000 && same.st_blksize >= 512);
    CHECK(open(path, O_CREAT | O_EXCL | O_RDWR, 0600) < 0 && errno == EEXIST);
    CHECK(open(other, O_RDONLY) < 0 && errno == ENOENT);
    CHECK(open(folder, O_WRONLY) < 0 && errno == EISDIR);
    fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, 65536, 0};
    CHECK(fcntl(fd, F_PREALLOCATE, &store) >= 0 && store.fst_bytesalloc == 65536);
    CHECK(!fstat(fd, &info) && info.st_size == 8192 && info.st_blocks * 512 >= 65536);
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED && !memcmp(map, "hello", 5));
    map[8191] = 'x';
    char byte;
    CHECK(pread(fd, &byte, 1, 8191) == 1 && byte == 'x');
    CHECK(!munmap(map, 8192) && !close(fd) && !unlink(path));
    CHECK(stat(path, &info) < 0 && errno == ENOENT);
}

/* ---- memory ---- */

static void memory(void)
{
    char *map = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0);
    CHECK(map != MAP_FAILED && !map[0]);
    memset(map, 1, 16384);
    CHECK(!mprotect(map, 4096, PROT_READ) && !madvise(map + 4096, 4096, MADV_FREE));
    CHECK(!munmap(map, 16384));
    CHECK(mmap(NULL, 0, PROT_READ, MAP_ANON | MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EINVAL);
    malloc_zone_t *zone = malloc_create_zone(0, 0);
    void *block = malloc_zone_malloc(zone, 100);
    CHECK(block && malloc_zone_from_ptr(block) == zone && zone->size(zone, block) >= 100);
    CHECK(malloc_size(block) >= 100 && malloc_default_zone() != zone);
    block = malloc_zone_realloc(zone, block, 5000);
    CHECK(malloc_zone_from_ptr(block) == zone);
    malloc_zone_free(zone, block);
    CHECK(malloc_zone_calloc(zone, 3, 5) && malloc_zone_memalign(zone, 256, 256));
    malloc_destroy_zone(zone);
    void *list[3];
    CHECK(malloc_zone_batch_malloc(malloc_default_zone(), 32, list, 3) == 3);
    CHECK(malloc_zone_from_ptr(list[1]) == malloc_default_zone());
    malloc_zone_batch_free(malloc_default_zone(), list, 3);
}

/* ---- threads ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static os_unfair_lock unfair = OS_UNFAIR_LOCK_INIT;
static pthread_key_t key;
static _Thread_local int own = 5;
static _Thread_local char zeros[300];
static int waiting, begun, destroyed;

static void begin(void)
{
    begun++;
}

static void destroy(void *value)
{
    destroyed += value == &key;
}

static void *thread(void *argument)
{
    int local;
    char *high = pthread_get_stackaddr_np(pthread_self());
    CHECK((char *)&local < high &&
          high - (char *)&local < (ptrdiff_t)pthread_get_stacksize_np(pthread_self()));
    CHECK(!pthread_main_np());
    void **frame = __builtin_frame_address(0);
    while (*frame)
        frame = *frame;
    CHECK((char *)frame < high);
    CHECK(own == 5 && !zeros[299]);
    own = 6;
    zeros[299] = 1;
    pthread_once(&once, begin);
    pthread_setspecific(key, &key);
    pthread_mutex_lock(&mutex);
    waiting++;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 10000; i++) {
        os_unfair_lock_lock(&unfair);
        table[0]++;
        os_unfair_lock_unlock(&unfair);
    }
    return argument;
}

static void threads(void)
{
    pthread_t ids[3];
    void *result;
    uint64_t number = 0;
    own = 7;
    CHECK(!pthread_key_create(&key, destroy));
    CHECK(pthread_main_np() && !pthread_threadid_np(NULL, &number) && number);
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_create(&ids[i], NULL, thread, &ids[i]));
    pthread_mutex_lock(&mutex);
    while (waiting < 3)
        pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_join(ids[i], &result) && result == &ids[i]);
    CHECK(table[0] == 30000 && begun == 1 && destroyed == 3 && own == 7);
    CHECK(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_trylock(&mutex) == EBUSY);
    pthread_mutex_unlock(&mutex);
}

/* ---- signals ---- */

static volatile sig_atomic_t seen, sent_by;

static void handle(int number, siginfo_t *information, void *context)
{
    (void)context;
    seen = number;
    sent_by = information->si_signo;
}

static void signals(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
    sigset_t set, before;
    CHECK(!sigaction(SIGUSR1, &action, NULL) && !sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_sigaction == handle && old.sa_flags & SA_SIGINFO);
    CHECK(!raise(SIGUSR1) && seen == SIGUSR1 && sent_by == SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    seen = 0;
    CHECK(!sigprocmask(SIG_BLOCK, &set, &before) && !sigismember(&before, SIGUSR1));
    CHECK(!kill(getpid(), SIGUSR1) && !seen);
    CHECK(!sigprocmask(SIG_SETMASK, &before, NULL) && seen == SIGUSR1);
}

/* ---- images ---- */

static uint32_t added;
static void count(const struct mach_header *header, intptr_t slide)
{
    const struct mach_header_64 *whole = (const struct mach_header_64 *)header;
    added += whole->magic == MH_MAGIC_64 && slide != 0;
}

static void images(char **argv)
{
    Dl_info info;
    char path[1024];
    uint32_t bytes = sizeof path;
    unsigned long length;
    _dyld_register_func_for_add_image(count);
    CHECK(added == _dyld_image_count() && added >= 2);
    const struct mach_header_64 *header = (const struct mach_header_64 *)_dyld_get_image_header(0);
    CHECK(header->filetype == MH_EXECUTE && header->cputype == CPU_TYPE_X86_64);
    CHECK(strstr(_dyld_get_image_name(0), argv[0]) || strstr(argv[0], _dyld_get_image_name(0)));
    CHECK(!_NSGetExecutablePath(path, &bytes) && !access(path, R_OK));
    CHECK(dladdr((void *)guest_function, &info) && !strcmp(info.dli_sname, "guest_function"));
    CHECK(info.dli_saddr == (void *)guest_function && info.dli_fbase != header);
    CHECK(dlsym(RTLD_DEFAULT, "guest_function") == (void *)guest_function);
    CHECK(!dlsym(RTLD_DEFAULT, "no_such_function"));
    CHECK(dlsym(RTLD_DEFAULT, "malloc") == (void *)malloc);
    CHECK(getsectiondata(header, "__TEXT", "__text", &length) && length > 100);
}

/* ---- the rest ---- */

static void times(void)
{
    struct timespec now;
    mach_timebase_info_data_t base;
    uint64_t before = mach_absolute_time();
    CHECK(!clock_gettime(CLOCK_MONOTONIC, &now) && !clock_gettime(CLOCK_REALTIME, &now));
    CHECK(now.tv_sec > 1500000000 && clock_gettime_nsec_np(CLOCK_UPTIME_RAW) >= before);
    CHECK(!mach_timebase_info(&base) && base.numer && base.denom);
    CHECK(sysconf(_SC_PAGESIZE) == 4096 && getpagesize() == 4096);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2 && getenv("PATH"));
    void **frame = __builtin_frame_address(0);
    CHECK(!*frame || !**(void ***)frame); /* main's caller is the first */
    fixups();
    files(argv[1]);
    memory();
    threads();
    signals();
    images(argv);
    times();
    atexit(at_exit);
    printf("%d failures, guest_gone %s\n", failures, guest_gone ? "there" : "not there");
    return failures ? 1 : 42;
}
