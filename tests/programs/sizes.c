/* SPDX-License-Identifier: MIT
 *
 * sizes THREADS SEED: allocations of all sizes, in an order that SEED decides, by one or more threads that also release each other's.
 * It counts for itself how large the blocks of each call site were and which ones were temporary, and prints that as JSON.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW  8 /* a block is temporary that its thread releases within so many of its events */
#define SITES   4
#define HELD    40
#define ROUNDS  4000
#define THREADS 8
#define STEPS   50
#define POWERS  64

struct site {
    uint64_t count[POWERS], temporary, temporary_bytes;
};
struct block {
    void *at;
    size_t bytes;
    int site;
    int thread;
    uint64_t event;
};
struct self {
    struct site sites[SITES];
    struct block held[HELD];
    uint64_t events, random;
    int number;
};

static struct self threads[THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int thread_count;
static pthread_barrier_t barrier;
static struct block stepped[THREADS]; /* what each thread allocated last */
static struct block common;           /* left by one thread, for whoever comes next */

/* Opaque to the compiler, which may leave out neither the block nor the call. */
#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

static __attribute__((noinline)) void *site_malloc(size_t bytes)
{
    void *p = malloc(bytes);
    KEEP(p);
    return p;
}

static __attribute__((noinline)) void *site_calloc(size_t bytes)
{
    void *p = calloc(1, bytes);
    KEEP(p);
    return p;
}

static __attribute__((noinline)) void *site_aligned(size_t bytes)
{
    void *p = NULL;
    if (posix_memalign(&p, 64, bytes))
        abort();
    KEEP(p);
    return p;
}

static __attribute__((noinline)) void *site_realloc(void *old, size_t bytes)
{
    void *p = realloc(old, bytes);
    KEEP(p);
    return p;
}

static const char *const names[SITES] = {"site_malloc", "site_calloc", "site_aligned",
                                         "site_realloc"};

static uint64_t draw(struct self *s, uint64_t below)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (s->random >> 33) % below;
}

static int power_of(size_t bytes)
{
    int power = 0;
    while (power < POWERS - 1 && (size_t)2 << power <= bytes)
        power++;
    return power;
}

static void came(struct self *s, struct block *b, int site, void *at, size_t bytes)
{
    if (!at)
        abort();
    *b = (struct block){at, bytes, site, s->number, s->events++};
    s->sites[site].count[power_of(bytes)]++;
}

/* What it allocates is any size up to 2^power: small ones mostly, and each power of two and its neighbours. */
static size_t size_of(struct self *s)
{
    size_t power = (size_t)1 << draw(s, draw(s, 20) ? 13 : 23);
    switch (draw(s, 4)) {
    case 0:
        return power;
    case 1:
        return power - 1;
    case 2:
        return power + draw(s, power);
    default:
        return draw(s, 200);
    }
}

static void allocate(struct self *s, struct block *b)
{
    size_t bytes = size_of(s);
    int site = (int)draw(s, 3);
    void *at = site == 0   ? site_malloc(bytes)
               : site == 1 ? site_calloc(bytes)
                           : site_aligned(bytes);
    came(s, b, site, at, bytes);
}

static void release(struct self *s, struct block *b)
{
    if (b->thread == s->number && s->events - b->event <= WINDOW) {
        /* the block is of a site of this thread, so nobody else counts there */
        s->sites[b->site].temporary++;
        s->sites[b->site].temporary_bytes += b->bytes;
    }
    s->events++;
    free(b->at);
    b->at = NULL;
}

/* A block changes hands. */
static void exchange(struct block *b)
{
    pthread_mutex_lock(&lock);
    struct block other = common;
    common = *b;
    *b = other;
    pthread_mutex_unlock(&lock);
}

static void resize(struct self *s, struct block *b)
{
    size_t bytes = size_of(s) + 1;
    came(s, b, 3, site_realloc(b->at, bytes), bytes);
}

/* The threads have made as many events each, and each releases what its neighbour has just allocated. */
static void in_step(struct self *s)
{
    for (int i = 0; i < STEPS; i++) {
        struct block *own = &stepped[s->number - 1], *other = &stepped[s->number % thread_count];
        came(s, own, 0, site_malloc(64), 64);
        pthread_barrier_wait(&barrier);
        release(s, other);
        pthread_barrier_wait(&barrier);
    }
}

static void *work(void *self)
{
    struct self *s = self;
    in_step(s);
    for (int i = 0; i < ROUNDS; i++) {
        struct block *b = &s->held[draw(s, draw(s, 2) ? 6 : HELD)];
        uint64_t what = draw(s, 16);
        if (!b->at)
            allocate(s, b);
        else if (what == 0)
            resize(s, b);
        else if (what == 1)
            exchange(b);
        else
            release(s, b);
    }
    for (int i = 0; i < HELD; i++)
        if (s->held[i].at)
            release(s, &s->held[i]);
    return NULL;
}

static void print_sum(int site, int count)
{
    struct site sum = {0};
    const char *comma = "";
    for (int t = 0; t < count; t++) {
        for (int p = 0; p < POWERS; p++)
            sum.count[p] += threads[t].sites[site].count[p];
        sum.temporary += threads[t].sites[site].temporary;
        sum.temporary_bytes += threads[t].sites[site].temporary_bytes;
    }
    printf("%s\"%s\": {\"temporary\": %llu, \"temporary_bytes\": %llu, \"powers\": {",
           site ? ", " : "", names[site], (unsigned long long)sum.temporary,
           (unsigned long long)sum.temporary_bytes);
    for (int p = 0; p < POWERS; p++) {
        if (!sum.count[p])
            continue;
        printf("%s\"%d\": %llu", comma, p, (unsigned long long)sum.count[p]);
        comma = ", ";
    }
    printf("}}");
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    pthread_t made[THREADS];
    if (count < 1 || count > THREADS || pthread_barrier_init(&barrier, NULL, (unsigned)count))
        return 2;
    thread_count = count;
    for (int t = 0; t < count; t++) {
        threads[t].number = t + 1;
        threads[t].random = seed * 1000 + (uint64_t)t;
    }
    for (int t = 1; t < count; t++)
        if (pthread_create(&made[t], NULL, work, &threads[t]))
            return 2;
    work(&threads[0]);
    for (int t = 1; t < count; t++)
        pthread_join(made[t], NULL);
    printf("{");
    for (int site = 0; site < SITES; site++)
        print_sum(site, count);
    printf("}\n");
    return 0;
}
