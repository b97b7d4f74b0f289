/* SPDX-License-Identifier: MIT
 *
 * known_step LIBRARY FOLDER COPIES THREADS: runs itself under LIBRARY, with the log in FOLDER, and stops it after each instruction of some
 * events. Whenever the log has changed, it is copied to COPIES: as it would be if the process had been killed there. In the end the
 * process is killed. With 2 THREADS, another one sleeps meanwhile, so that the tracker has to take it into account.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the program that is stopped ---- */

static pthread_barrier_t ready;

static void *sleeper(void *arg)
{
    void *volatile block = malloc(10); /* both have events */
    free(block);
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return arg;
}

static __attribute__((noinline)) void *allocate(size_t bytes)
{
    void *volatile block = malloc(bytes);
    return block;
}

static __attribute__((noinline)) void *move(void *block, size_t bytes)
{
    void *volatile moved = realloc(block, bytes);
    return moved;
}

static __attribute__((noinline)) void release(void *block)
{
    free(block);
}

/* Sites that are new, of one power of two and of several; the level rises to its peak, falls, and rises above it; temporary blocks. */
static void events(void)
{
    static const size_t sizes[] = {48, 50, 100, 70000, 5, 80000};
    void *blocks[sizeof sizes / sizeof sizes[0]];
    for (size_t bytes = 20; bytes < 1000; bytes *= 6)
        release(allocate(bytes));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        blocks[i] = allocate(sizes[i]);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        release(blocks[i]);
    void *block = move(NULL, 150000);
    block = move(block, 300);
    block = move(block, 160000);
    release(block);
    char *map = mmap(NULL, 3 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        exit(1);
    munmap(map + (1 << 16), 1 << 16);
    munmap(map, 3 << 16);
}

static int stopped(int threads)
{
    pthread_t thread;
    release(allocate(3)); /* the tracker has begun, and knows how to unwind from here */
    if (pthread_barrier_init(&ready, NULL, 2))
        return 1;
    if (threads > 1) {
        if (pthread_create(&thread, NULL, sleeper, NULL))
            return 1;
        pthread_barrier_wait(&ready);
    }
    raise(SIGTRAP);
    events();
    raise(SIGTRAP);
    return 1;
}

/* ---- the one that stops it ---- */

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_log(const char *folder)
{
    char name[4096] = "";
    DIR *entries = opendir(folder);
    struct dirent *entry;
    if (!entries)
        fail(folder);
    while ((entry = readdir(entries)))
        if (entry->d_name[0] != '.')
            snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
    closedir(entries);
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        fail(name);
    return fd;
}

static void copy(const char *folder, unsigned number, const void *data, size_t bytes)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/%06u.mt", folder, number);
    FILE *out = fopen(name, "w");
    if (!out || fwrite(data, 1, bytes, out) != bytes || fclose(out))
        fail(name);
}

/* The child stands still, or has ended: then this fails. By which signal it was stopped; `sent`: by raise, not by the step. */
static int next_stop(pid_t child, bool *sent)
{
    int status;
    siginfo_t info;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
        ptrace(PTRACE_GETSIGINFO, child, NULL, &info)) {
        fprintf(stderr, "status %#x in place of a stop\n", (unsigned)status);
        exit(1);
    }
    *sent = info.si_code == SI_TKILL || info.si_code == SI_USER;
    return WSTOPSIG(status);
}

/* A change is looked for after every instruction: the log is small. */
static void steps(pid_t child, int fd, const char *copies)
{
    size_t before = 0;
    unsigned count = 0, instructions = 0;
    unsigned char *data = NULL, *last = NULL;
    bool sent = false;
    while (!sent) {
        struct stat info;
        if (fstat(fd, &info))
            fail("fstat");
        size_t bytes = (size_t)info.st_size;
        if (bytes != before) {
            data = realloc(data, bytes);
            last = realloc(last, bytes);
            if (!data || !last)
                fail("realloc");
        }
        if (pread(fd, data, bytes, 0) != (ssize_t)bytes)
            fail("pread");
        if (bytes != before || memcmp(data, last, bytes) != 0)
            copy(copies, count++, memcpy(last, data, bytes), bytes);
        before = bytes;
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL))
            fail("PTRACE_SINGLESTEP");
        instructions++;
        if (next_stop(child, &sent) != SIGTRAP) {
            fprintf(stderr, "another signal than SIGTRAP\n");
            exit(1);
        }
    }
    printf("%u instructions, %u states\n", instructions, count);
    free(data);
    free(last);
}

int main(int argc, char **argv)
{
    char name[4096];
    bool sent = false;
    int status;
    if (argc == 3 && !strcmp(argv[1], "stopped"))
        return stopped(atoi(argv[2]));
    if (argc != 5)
        return 2;
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (!child) {
        snprintf(name, sizeof name, "%s/%%p.mt", argv[2]);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || setenv("LD_PRELOAD", argv[1], 1) ||
            setenv("MEMTRACE_OUTPUT", name, 1))
            fail("PTRACE_TRACEME");
        execl("/proc/self/exe", argv[0], "stopped", argv[4], (char *)NULL);
        fail("exec");
    }
    next_stop(child, &sent); /* the exec */
    do
        if (ptrace(PTRACE_CONT, child, NULL, NULL))
            fail("PTRACE_CONT");
    while (next_stop(child, &sent) != SIGTRAP || !sent);
    int fd = open_log(argv[2]);
    steps(child, fd, argv[3]);
    close(fd);
    return kill(child, SIGKILL) || waitpid(child, &status, 0) != child || !WIFSIGNALED(status);
}
