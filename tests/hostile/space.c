/* SPDX-License-Identifier: MIT
 *
 * space WHAT...: takes as much of something as it may, or does without, and says what it got. What it allocated, where that does
 * not depend on what there was, stands in the last line: an account as `work` prints it.
 *
 *   limit KIND MIB        sets a limit of MIB on its address space or data, now that it runs; how many MiB can be had?
 *   lock FLAGS MIB WAY    mlockall(FLAGS) as a user who may lock MIB; then blocks, mappings and threads
 *   box HOW...            puts itself under a seccomp filter or in strict mode, and allocates on
 *   onward WAY ACTION     puts itself under a filter that lets all calls pass but fallocate, and starts echo
 *   code                  allocates from code made at run time and from a frame that no rule describes; what is open?
 *   descriptors           opens all it may, and says which it got
 *   user WAY              becomes another user in some way, closes all descriptors, allocates, and forks
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define OTHER 65534

static uint64_t allocated, allocations, releases;

static void *volatile sink;

static void *take(size_t bytes)
{
    void *block = malloc(bytes);
    if (block) {
        __atomic_fetch_add(&allocated, bytes, __ATOMIC_RELAXED);
        __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    }
    return sink = block;
}

static void give(void *block)
{
    free(block);
    __atomic_fetch_add(&releases, block != NULL, __ATOMIC_RELAXED);
}

/* By write alone. */
static void say(const char *text)
{
    CHECK(write(1, text, strlen(text)) == (ssize_t)strlen(text));
}

static void tell(void)
{
    char text[200];
    snprintf(text, sizeof text,
             "{\"pid\": %d, \"allocated\": %llu, \"allocations\": %llu, \"releases\": %llu}\n",
             getpid(), (unsigned long long)allocated, (unsigned long long)allocations,
             (unsigned long long)releases);
    say(text);
}

static int deep(unsigned depth, size_t bytes)
{
    volatile char room[64];
    room[0] = (char)depth;
    if (depth)
        return deep(depth - 1, bytes) + room[0];
    void *block = take(bytes);
    if (bytes % 3)
        give(block);
    return 0;
}

static void work(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        deep(i % 60, 100 + i % 3000);
}

static void limit(const char *kind, size_t mib)
{
    struct rlimit to = {mib << 20, mib << 20};
    char text[100];
    size_t got = 0;
    work(2000);
    CHECK(setrlimit(!strcmp(kind, "data") ? RLIMIT_DATA : RLIMIT_AS, &to) == 0);
    while (got < mib && take(1 << 20))
        got++;
    /* a tenth may be in the way already, and we may have 24 MiB */
    snprintf(text, sizeof text, "%s\n", got + mib / 10 + 24 >= mib ? "enough" : "too little");
    say(text);
}

static void *thread(void *count)
{
    work(*(unsigned *)count);
    return NULL;
}

/* Bytes of the process that are locked. */
static long locked(void)
{
    static char text[8192];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    const char *found = n > 0 ? strstr(text, "VmLck:") : NULL;
    return found ? atol(found + 6) : -1;
}

static void lock(int flags, size_t mib, const char *way)
{
    struct rlimit most = {mib << 20, mib << 20};
    unsigned events = 200, refused = 0;
    char text[200];
    give(take(1000));
    if (setrlimit(RLIMIT_MEMLOCK, &most) != 0)
        _exit(77);
    CHECK(setgid(OTHER) == 0 && setuid(OTHER) == 0);
    int error = !strcmp(way, "syscall") ? (int)syscall(SYS_mlockall, flags) : mlockall(flags);
    long first = locked();
    for (unsigned i = 0; i < 40; i++)
        refused += !take(100000);
    for (unsigned i = 0; i < 4; i++) {
        pthread_attr_t small;
        pthread_t id;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 1 << 16);
        if (pthread_create(&id, &small, thread, &events) == 0)
            pthread_join(id, NULL);
        else
            refused++;
    }
    snprintf(text, sizeof text, "mlockall %d: %s, %u refused\n", flags,
             error ? strerror(errno) : "done", refused);
    say(text);
    dprintf(2, "%ld %ld\n", first, locked());
    CHECK(munlockall() == 0 && locked() == 0);
}

/* ---- Filters ---- */

#define PASS(call)                                                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                         \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define KILL   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define LEAST  PASS(read), PASS(write), PASS(exit), PASS(exit_group), PASS(brk), PASS(getpid)
/* What malloc and threads need. */
static struct sock_filter usual[] = {NUMBER,
                                     LEAST,
                                     PASS(mmap),
                                     PASS(munmap),
                                     PASS(mprotect),
                                     PASS(madvise),
                                     PASS(mremap),
                                     PASS(futex),
                                     PASS(clone),
                                     PASS(clone3),
                                     PASS(rt_sigaction),
                                     PASS(rt_sigprocmask),
                                     PASS(set_robust_list),
                                     PASS(rseq),
                                     PASS(prctl),
                                     PASS(seccomp),
                                     PASS(getrandom),
                                     PASS(prlimit64),
                                     PASS(sched_getaffinity),
                                     PASS(sched_yield),
                                     KILL};
static struct sock_filter tiny[] = {NUMBER, LEAST, KILL};
/* Which arguments: an anonymous mapping passes, one of a file does not. */
static struct sock_filter argument[] = {
    NUMBER,
    LEAST,
    PASS(munmap),
    PASS(mremap),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    KILL};

static int go[2];

static void *waiting(void *count)
{
    char c;
    work(10);
    CHECK(read(go[0], &c, 1) == 1);
    return thread(count);
}

/* `how` has words: tiny, argument or the usual filter; strict mode; by syscall(); for all threads (tsync); a second one, after one
 * that is refused. */
static void filter(const char *how)
{
    struct sock_fprog program = {sizeof usual / sizeof *usual, usual}, none = {0, usual};
    if (strstr(how, "tiny"))
        program = (struct sock_fprog){sizeof tiny / sizeof *tiny, tiny};
    if (strstr(how, "argument"))
        program = (struct sock_fprog){sizeof argument / sizeof *argument, argument};
    unsigned flags = strstr(how, "tsync") ? SECCOMP_FILTER_FLAG_TSYNC : 0;
    long error;
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &none) == -1); /* no filter */
    if (strstr(how, "strict"))
        error = strstr(how, "syscall") ? syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL)
                                       : prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    else if (flags || strstr(how, "syscall"))
        error = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    else
        error = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (error)
        _exit(77);
    if (strstr(how, "second")) {
        program = (struct sock_fprog){sizeof tiny / sizeof *tiny, tiny};
        CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
    }
}

static void *in_one(void *how)
{
    filter(how);
    work(1000);
    return NULL;
}

/* One thread is under a filter; the others, before and after, are not. */
static void one(char *how)
{
    unsigned events = 1000;
    pthread_t id;
    CHECK(pthread_create(&id, NULL, in_one, how) == 0 && pthread_join(id, NULL) == 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK(pthread_create(&id, NULL, thread, &events) == 0 && pthread_join(id, NULL) == 0);
    for (unsigned i = 0; i < 9000; i++)
        deep(i, 10);
    tell();
}

static void box(char *how)
{
    bool strict = strstr(how, "strict"), before = strstr(how, "before"),
         after = strstr(how, "after");
    unsigned events = 1000, started = 0;
    pthread_t threads[4];
    CHECK(pipe(go) == 0);
    give(take(200000)); /* so that it need not ask for more, in strict mode */
    work(1);
    for (; before && started < 4; started++)
        CHECK(pthread_create(&threads[started], NULL, waiting, &events) == 0);
    filter(how);
    work(strict ? 5 : 3000);
    for (; after && started < 4; started++)
        CHECK(pthread_create(&threads[started], NULL, thread, &events) == 0);
    if (before)
        CHECK(write(go[1], "1234", 4) == 4);
    while (started)
        pthread_join(threads[--started], NULL);
    if (!strict)
        tell();
    say("end\n");
    if (strict)
        syscall(SYS_exit, 42);
}

/* A sandbox that starts a program, which is under the filter, too. */
static void onward(const char *way, const char *action)
{
    char name[] = "echo", word[] = "started", *command[] = {name, word, NULL};
    uint32_t what = !strcmp(action, "errno")  ? SECCOMP_RET_ERRNO | ENOSYS
                    : !strcmp(action, "trap") ? SECCOMP_RET_TRAP
                                              : SECCOMP_RET_KILL_PROCESS;
    struct sock_filter code[] = {NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, what),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    pid_t child = 0;
    int status = 0;
    work(10);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(77);
    if (!strcmp(way, "spawn"))
        CHECK(posix_spawnp(&child, command[0], NULL, NULL, command, environ) == 0);
    else if (!strcmp(way, "vfork"))
        child = vfork();
    else
        child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(9);
    }
    CHECK(waitpid(child, &status, 0) == child);
    if (status)
        say("the child failed\n");
}

/* ---- Descriptors ---- */

#if defined(__x86_64__)
/* malloc, from a frame whose address is an expression */
void *slow_malloc(size_t bytes);
__asm__(".text\n.globl slow_malloc\n.type slow_malloc,@function\nslow_malloc:\n.cfi_startproc\n "
        "push %rbp\n"
        ".cfi_def_cfa_offset 16\n.cfi_offset rbp,-16\n mov %rsp,%rbp\n"
        ".cfi_escape 0x0f,0x04,0x76,0x10,0x30,0x22\n call take_slow\n pop %rbp\n .cfi_def_cfa "
        "rsp,8\n ret\n"
        ".cfi_endproc\n.size slow_malloc,.-slow_malloc\n");
__attribute__((used)) static void *take_slow(size_t bytes)
{
    return take(bytes);
}

typedef void *made(size_t bytes, void *(*take)(size_t));

static void code(void)
{
    /* push rbp; mov rsp,rbp; mov rax,rsi; call rax; pop rbp; ret */
    static const unsigned char text[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89,
                                         0xf0, 0xff, 0xd0, 0x5d, 0xc3};
    char *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    made *jit = (made *)(void *)page;
    int ends[2];
    char name[40], line[100], got[16];
    CHECK(page != MAP_FAILED);
    memcpy(page, text, sizeof text);
    give(jit(100, slow_malloc));
    for (int fd = 3; fd < 4096; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            struct stat found;
            CHECK(fstat(fd, &found) == 0);
            snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
            ssize_t n = readlink(name, line, sizeof line - 1);
            line[n > 0 ? n : 0] = 0;
            if (!S_ISREG(found.st_mode)) { /* the log */
                say(line);
                say(" is open\n");
            }
        }
        close(fd);
    }
    /* every number that somebody else may think of */
    for (int fd = 3; fd < 1022 && pipe(ends) == 0; fd = ends[1]) {
        CHECK(write(ends[1], "0123456789", 10) == 10);
        for (unsigned i = 0; i < 3; i++)
            give(jit(100 + i, slow_malloc));
        CHECK(read(ends[0], got, sizeof got) == 10 && !memcmp(got, "0123456789", 10));
    }
}
#else
static void code(void)
{
    _exit(77);
}
#endif

static void descriptors(void)
{
    char text[100];
    int first = -1, last = -1, count = 0;
    work(2000);
    for (int fd; count < 200 && (fd = open("/dev/null", O_RDWR)) >= 0; count++) {
        first = first < 0 ? fd : first;
        last = fd;
        work(20);
    }
    snprintf(text, sizeof text, "%d: %d to %d\n", count, first, last);
    if (write(1, text, strlen(text)) < 0)
        _exit(3);
}

static void user(const char *way)
{
    int error = 0, status;
    work(10);
    if (strstr(way, "effective"))
        error = seteuid(OTHER);
    else if (strstr(way, "real"))
        error = setresuid(OTHER, OTHER, 0);
    else if (strstr(way, "group"))
        error = setegid(OTHER);
    CHECK(!error);
    for (int fd = 3; strstr(way, "close") && fd < 2000; fd++)
        close(fd);
    for (unsigned i = 0; i < 1500; i++)
        deep(i, 102); /* stays */
    pid_t child = fork();
    if (!child) {
        allocated = allocations = releases = 0;
        work(100);
        tell();
        exit(3);
    }
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
    work(10);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (argc == 4 && !strcmp(what, "limit"))
        limit(argv[2], (size_t)atoi(argv[3]));
    else if (argc == 5 && !strcmp(what, "lock"))
        lock(atoi(argv[2]), (size_t)atoi(argv[3]), argv[4]);
    else if (argc == 3 && !strcmp(what, "box"))
        (strstr(argv[2], "one") ? one : box)(argv[2]);
    else if (argc == 4 && !strcmp(what, "onward"))
        onward(argv[2], argv[3]);
    else if (!strcmp(what, "code"))
        code();
    else if (!strcmp(what, "descriptors"))
        descriptors();
    else if (argc == 3 && !strcmp(what, "user"))
        user(argv[2]);
    else
        return 2;
    if (!strcmp(what, "lock") || !strcmp(what, "code") || !strcmp(what, "user"))
        tell();
    return failures ? 1 : 42;
}
