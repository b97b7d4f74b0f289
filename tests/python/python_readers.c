/* SPDX-License-Identifier: MIT
 *
 * A thread without the GIL reads its frames all the time while the interpreter begins to end and unmaps them. It must
 * not be caught reading, and must read again when the interpreter is up again.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../../interpose/format.h"
#include "fake_python.h"

#define ROUNDS  40
#define THREADS 2
#define BYTES   65536
#define DEPTH   100

static _Alignas(16) char code[FAKE_CODE_BYTES];
static uint32_t stop;
static uint64_t readings[THREADS], refusals[THREADS];
static uintptr_t states[THREADS];

static struct mt_frame native[] = {{0x90000, 4096}};
static mt_key keys[THREADS + 1][MT_DEPTH_MAX + 2];

static size_t read_once(struct mt_foreign **state, mt_key *out)
{
    struct mt_stack stack = {.frames = native, .used = 1};
    uint32_t alike;
    uint64_t print;

    mt_foreign_read(state, false, &print);
    return mt_foreign_merge(*state, &stack, out, MT_DEPTH_MAX + 2, &alike);
}

static void *reader(void *arg)
{
    size_t me = (size_t)arg;
    struct mt_foreign *state = NULL;

    fake_state = states[me];
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        uint64_t *count = read_once(&state, keys[me]) == DEPTH + 1 ? readings : refusals;

        __atomic_fetch_add(&count[me], 1, __ATOMIC_RELEASE);
    }
    mt_python_thread_exit(&state);
    return NULL;
}

static void wait_for_more(const uint64_t *count)
{
    for (size_t i = 0; i < THREADS; i++) {
        uint64_t before = __atomic_load_n(&count[i], __ATOMIC_ACQUIRE);

        while (__atomic_load_n(&count[i], __ATOMIC_ACQUIRE) < before + 3)
            sched_yield();
    }
}

/* Frames for everybody, on pages of their own. The thread states point to nothing else. */
static char *frames_make(void)
{
    char *at =
        mmap(NULL, THREADS * BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; i < THREADS; i++) {
        uintptr_t previous = 0;

        for (unsigned d = 0; d < DEPTH; d++) {
            uintptr_t frame = (uintptr_t)at + i * BYTES + d * FAKE_FRAME_BYTES;

            fake_frame_set(frame, (uintptr_t)code, d % FAKE_INSTRUCTIONS, previous, false);
            previous = frame;
        }
        fake_state_set(states[i], previous, 0);
    }
    return at;
}

static void set_finalizing(uintptr_t value)
{
    __atomic_store_n(&fake_finalizing, value, __ATOMIC_SEQ_CST);
}

int main(void)
{
    pthread_t threads[THREADS];
    struct mt_foreign *state = NULL;
    char *frames;

    fake_attach(12);
    fake_code_make((uintptr_t)code, 1, 1, "f.py");
    for (size_t i = 0; i < THREADS; i++)
        states[i] = fake_state_make();
    frames = frames_make();
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, reader, (void *)i);
    for (unsigned i = 0; i < ROUNDS; i++) {
        wait_for_more(readings);
        set_finalizing(1);
        mt_python_before_release();
        munmap(frames, THREADS * BYTES);
        wait_for_more(refusals);
        /* Up again: new frames, and a thread with the GIL sees it first. */
        frames = frames_make();
        set_finalizing(0);
        fake_state = states[0];
        fake_attached = true;
        read_once(&state, keys[THREADS]);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    mt_python_thread_exit(&state);
    printf("%u finalisations, %lu readings, %lu refused\n", ROUNDS,
           (unsigned long)(readings[0] + readings[1]), (unsigned long)fake_missed());
    return fake_missed() != refusals[0] + refusals[1];
}
