/* SPDX-License-Identifier: MIT
 *
 * Forks while other threads allocate in a place where fork waits for them, or they for fork. waits PLACE:
 *
 *   stdio     with a stream locked, while another thread flushes all streams
 *   before    with a mutex that a handler of fork takes, which was registered before the tracker's
 *   after     the same, registered after the tracker's
 *   join      in threads that a handler of fork joins
 *   loader    in dlopen and dlclose
 *   resolver  in getaddrinfo
 *   clone     anywhere; children are made by _Fork and clone as well, and those may not call malloc
 *   handler   anywhere; forks in a signal handler of a thread that allocates
 */
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "handlers.h"
#include "torture.h"

#define FORKS   25
#define THREADS 4
#define DEPTH   13

static int stop;

/* Paths that are new most of the time, so that tables grow. */
NOINLINE static void path(unsigned bits, int depth, void (*work)(void))
{
    if (!depth)
        work();
    else if (bits & 1)
        path(bits >> 1, depth - 1, work);
    else
        path(bits >> 1, depth - 1, work);
    __asm__ volatile("");
}

static __thread unsigned state;

static unsigned next(void)
{
    return (state = state * 1103515245u + 12345u) >> 8;
}

static void churn(void)
{
    static __thread void *kept[500];
    void **slot = &kept[next() % 500];

    give(*slot);
    *slot = take(20 + next() % 3000);
}

/* As churn, but nothing is left: the thread may end at any time. */
static void churn_once(void)
{
    give(take(20 + next() % 3000));
}

static void anywhere(void)
{
    path(next(), DEPTH, churn);
}

/* Called with the stream locked. */
static ssize_t read_slowly(void *unused, char *to, size_t bytes)
{
    (void)unused;
    for (int i = 0; i < 20; i++)
        anywhere();
    memset(to, '\n', bytes);
    return (ssize_t)bytes;
}

static void read_line(void)
{
    static __thread FILE *f;
    char line[16];

    if (!f) {
        f = fopencookie(NULL, "r", (cookie_io_functions_t){.read = read_slowly});
        CHECK(f && setvbuf(f, NULL, _IOFBF, 16) == 0);
    }
    CHECK(fgets(line, sizeof line, f));
}

static void flush(void)
{
    fflush(NULL);
    usleep(500);
}

static void locked(void)
{
    handlers_locked(anywhere);
}

static pthread_mutex_t late = PTHREAD_MUTEX_INITIALIZER;

static void late_lock(void)
{
    pthread_mutex_lock(&late);
}

static void late_unlock(void)
{
    pthread_mutex_unlock(&late);
}

static void late_locked(void)
{
    pthread_mutex_lock(&late);
    anywhere();
    pthread_mutex_unlock(&late);
}

static void joined(void)
{
    path(next(), DEPTH, churn_once);
}

static void load(void)
{
    void *library = dlopen("libm.so.6", RTLD_NOW), *other = dlopen("libutil.so.1", RTLD_NOW);

    anywhere();
    if (other)
        dlclose(other);
    if (library)
        dlclose(library);
    usleep(1000);
}

static void resolve(void)
{
    struct addrinfo *found = NULL;

    if (getaddrinfo("127.0.0.1", "80", NULL, &found) == 0)
        freeaddrinfo(found);
    if (getaddrinfo("localhost", NULL, NULL, &found) == 0)
        freeaddrinfo(found);
    anywhere();
}

static const struct place {
    const char *name;
    void (*first)(void), (*others)(void);
} places[] = {
    {"stdio", flush, read_line},         {"before", locked, locked},
    {"after", late_locked, late_locked}, {"join", NULL, NULL},
    {"loader", load, anywhere},          {"resolver", resolve, anywhere},
    {"clone", anywhere, anywhere},       {"handler", anywhere, anywhere},
};
static const struct place *place;

static void *run(void *number)
{
    void (*work)(void) = (uintptr_t)number ? place->others : place->first;

    state = (unsigned)(uintptr_t)number;
    while (work && !__atomic_load_n(&stop, __ATOMIC_RELAXED))
        work();
    return NULL;
}

static __attribute__((noreturn)) void child(bool bare)
{
    torture_child();
    for (size_t i = 0; i < 200; i++) {
        void *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(at != MAP_FAILED && munmap(at, 65536) == 0);
        if (!bare)
            give(take(100 + i));
    }
    torture_tell();
    _exit(0);
}

/* 0: by fork. */
static pid_t make_child(int how)
{
    pid_t (*bare)(void) = (pid_t(*)(void))dlsym(RTLD_DEFAULT, "_Fork");

    if (!how)
        return fork();
    if (how == 1 && bare)
        return bare();
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static volatile sig_atomic_t handled;

/* As most programs that do so, it runs another program or ends at once. */
static void on_signal(int number)
{
    int keep = errno;
    pid_t pid = fork();

    (void)number;
    if (pid == 0)
        _exit(0);
    CHECK(pid > 0 && reap(pid) == 0);
    handled++;
    errno = keep;
}

static void in_handlers(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    for (int i = 0; i < FORKS; i++) {
        raise(SIGUSR1);
        anywhere();
    }
    CHECK(handled == FORKS);
}

int main(int argc, char **argv)
{
    bool clone = argc > 1 && !strcmp(argv[1], "clone");
    pthread_t threads[THREADS];

    for (size_t i = 0; argc > 1 && i < sizeof places / sizeof places[0]; i++)
        if (!strcmp(places[i].name, argv[1]))
            place = &places[i];
    CHECK(place);
    if (!strcmp(place->name, "after"))
        pthread_atfork(late_lock, late_unlock, late_unlock);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
    if (!strcmp(place->name, "join"))
        handlers_workers(joined);
    if (!strcmp(place->name, "handler"))
        in_handlers();
    for (int i = 0; i < FORKS; i++) {
        int how = clone ? i % 3 : 0;
        pid_t pid = make_child(how);
        CHECK(pid >= 0);
        if (!pid)
            child(how);
        CHECK(reap(pid) == 0);
    }
    handlers_end();
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
