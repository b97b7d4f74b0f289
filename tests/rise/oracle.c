/* SPDX-License-Identifier: MIT
 *
 * What oracle.h promises. The recording is an array of 64-bit words in the program's own memory, written out at the end to the file
 * that ORACLE_OUTPUT names:
 *
 *   event:   thread | frames kept << 16 | frames that follow << 32, bytes, then the frames that follow, outermost of them first;
 *            `kept` outer ones are those of the thread's event before
 *   frame:   function, file (addresses of texts), line | via << 32, frame address, return address of its call
 *   file:    "oracle 1\n", number of words, the words, then texts: address, length, bytes; until the end
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"

#define WORDS       (1u << 24) /* 128 MiB at most, of which only what is used is touched */
#define DEPTH       2048u
#define THREADS     16u
#define FRAME_WORDS 5u

struct frame {
    uint64_t word[FRAME_WORDS];
};

/* One for each thread at a time, found at its start. */
struct thread {
    struct frame stack[DEPTH], last[DEPTH]; /* of now, of the event before */
    uint64_t site[DEPTH];                   /* where the function is, beside its line */
    uint32_t depth, last_depth, number;
    uint32_t pick, left;
    struct oracle_block blocks[ORACLE_BLOCKS];
};

static uint64_t words[WORDS];
static uint64_t words_used;
static struct thread threads[THREADS];
static uint32_t threads_used;
static __thread struct thread *self;
int oracle_argument[2];

__attribute__((weak)) const struct oracle_plan oracle_plan = {0, 0, NULL};

static void fail(const char *what)
{
    (void)!write(2, what, strlen(what));
    (void)!write(2, "\n", 1);
    _exit(3);
}

/* ---- the shadow stack ---- */

static struct thread *new_self(void)
{
    uint32_t number = __atomic_fetch_add(&threads_used, 1, __ATOMIC_RELAXED);
    if (number >= THREADS)
        fail("oracle: too many threads");
    self = &threads[number];
    self->number = number;
    self->left = UINT32_MAX;
    return self;
}

uint32_t oracle_enter(const char *function, const char *file, void *frame, void *from, uint32_t via)
{
    struct thread *t = self;
    uint32_t depth = t->depth;
    if (depth == DEPTH)
        fail("oracle: too deep");
    uint64_t return_address = (uintptr_t)from;
    if (via && depth)
        return_address ^= t->site[depth - 1] << 16;
    t->stack[depth] = (struct frame){{(uintptr_t)function, (uintptr_t)file, (uint64_t)via << 32,
                                      (uintptr_t)frame, return_address}};
    t->depth = depth + 1;
    return depth;
}

void oracle_leave(const uint32_t *depth)
{
    self->depth = *depth;
}

static void set_line(struct thread *t, uint32_t line)
{
    uint64_t *word = &t->stack[t->depth - 1].word[2];
    *word = (*word >> 32) << 32 | line;
}

void oracle_at(uint32_t line)
{
    self->site[self->depth - 1] = (uintptr_t)__builtin_return_address(0);
    set_line(self, line);
}

/* ---- events ---- */

static void record(struct thread *t, int64_t bytes)
{
    uint32_t kept = 0, most = t->depth < t->last_depth ? t->depth : t->last_depth;
    while (kept < most && !memcmp(&t->stack[kept], &t->last[kept], sizeof(struct frame)))
        kept++;
    uint32_t more = t->depth - kept;
    uint64_t at = __atomic_fetch_add(&words_used, 2 + more * FRAME_WORDS, __ATOMIC_RELAXED);
    if (at + 2 + more * FRAME_WORDS > WORDS)
        fail("oracle: too many events");
    words[at] = t->number | (uint64_t)kept << 16 | (uint64_t)more << 32;
    words[at + 1] = (uint64_t)bytes;
    memcpy(&words[at + 2], &t->stack[kept], more * sizeof(struct frame));
    memcpy(&t->last[kept], &t->stack[kept], more * sizeof(struct frame));
    t->last_depth = t->depth;
    if (t->left)
        t->left--;
}

void oracle_event_here(int64_t bytes)
{
    if (self && self->depth)
        record(self, bytes);
}

void oracle_event(uint32_t line, int64_t bytes)
{
    set_line(self, line);
    record(self, bytes);
}

struct oracle_block *oracle_block(uint32_t number)
{
    return &self->blocks[number % ORACLE_BLOCKS];
}

uint32_t oracle_pick(uint32_t limit)
{
    self->pick = self->pick * 1664525u + 1013904223u;
    return limit ? (self->pick >> 8) % limit : 0;
}

void oracle_seed(uint32_t seed)
{
    self->pick = seed;
}

int oracle_more(void)
{
    return self->left != 0;
}

void oracle_allow(uint32_t events)
{
    self->left = events;
}

/* ---- writing it out ---- */

static void put(int fd, const void *data, size_t bytes)
{
    for (const char *at = data; bytes;) {
        ssize_t done = write(fd, at, bytes);
        if (done <= 0)
            fail("oracle: can't write");
        at += done;
        bytes -= (size_t)done;
    }
}

/* Once for each address. */
static void put_text(int fd, uint64_t address)
{
    static uint64_t known[8192]; /* a hash table that never fills up: the programs are small */
    uint64_t at = (address * 0x9e3779b97f4a7c15u) >> 51;
    while (known[at] && known[at] != address)
        at = (at + 1) % 8192;
    if (!address || known[at])
        return;
    known[at] = address;
    const char *text = (const char *)(uintptr_t)address;
    uint64_t head[2] = {address, strlen(text)};
    put(fd, head, sizeof head);
    put(fd, text, head[1]);
}

static void write_out(void)
{
    const char *name = getenv("ORACLE_OUTPUT");
    int fd = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    if (fd < 0)
        fail("oracle: ORACLE_OUTPUT names no file that can be written");
    put(fd, "oracle 1\n", 9);
    put(fd, &words_used, sizeof words_used);
    put(fd, words, words_used * sizeof words[0]);
    for (uint64_t at = 0; at < words_used;) {
        uint64_t more = words[at] >> 32;
        for (at += 2; more; more--, at += FRAME_WORDS) {
            put_text(fd, words[at]);
            put_text(fd, words[at + 1]);
        }
    }
    close(fd);
}

void oracle_quit(void)
{
    write_out();
    _exit(0);
}

/* ---- the program and its threads ---- */

static pthread_t handles[THREADS];
static sem_t may_run[THREADS], has_run;

static void *thread_main(void *number)
{
    uintptr_t n = (uintptr_t)number;
    new_self();
    while (sem_wait(&may_run[n]))
        ;
    oracle_seed((uint32_t)n + 1);
    oracle_plan.run((uint32_t)n);
    sem_post(&has_run);
    return NULL;
}

/* Wave after wave: a thread takes the place of one that ended in the tracker's tables, too. */
static void start_threads(void)
{
    for (uintptr_t n = 0; n < oracle_plan.count; n++) {
        sem_init(&may_run[n], 0, 0);
        if (pthread_create(&handles[n], NULL, thread_main, (void *)n))
            fail("oracle: no thread");
    }
}

/* Called by a program at any depth: allocates nothing. */
void oracle_run_threads(void)
{
    for (uint32_t n = 0; n < oracle_plan.count; n++)
        sem_post(&may_run[n]);
    for (uint32_t n = 0; n < oracle_plan.count; n++)
        while (sem_wait(&has_run))
            ;
}

static void join_threads(void)
{
    for (uint32_t n = 0; n < oracle_plan.count; n++)
        pthread_join(handles[n], NULL);
}

int main(int argc, char **argv)
{
    new_self();
    for (int i = 1; i < argc && i <= 2; i++)
        oracle_argument[i - 1] = atoi(argv[i]);
    sem_init(&has_run, 0, 0);
    start_threads();
    program();
    join_threads();
    for (uint32_t wave = 1; wave < oracle_plan.waves; wave++) {
        start_threads();
        oracle_run_threads();
        join_threads();
    }
    write_out();
    return 0;
}
