/* SPDX-License-Identifier: MIT
 *
 * What memcheck finds in a program, four times and no more: a decision by a value that nobody wrote, a read of a
 * freed block, a write behind a block, a lost block. Around it, things of the sort that a tracker could disturb.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept;
static volatile int sink;

static void *work(void *argument)
{
    char *blocks[64] = {0};
    for (int i = 0; i < 2000; i++) {
        char **block = &blocks[i % 64];
        *block = realloc(*block, (size_t)(i % 300) + 1);
        memset(*block, 1, (size_t)(i % 300) + 1);
    }
    for (int i = 0; i < 64; i++)
        free(blocks[i]);
    return argument;
}

__attribute__((noinline)) static void decide(void)
{
    int *unwritten = malloc(sizeof *unwritten);
    kept = unwritten;
    if (*unwritten > 7)
        sink = 1;
    free(unwritten);
}

__attribute__((noinline)) static void read_freed(void)
{
    char *block = malloc(100);
    kept = block;
    free(kept);
    sink = ((volatile char *)block)[50];
}

__attribute__((noinline)) static void write_behind(void)
{
    volatile char *block = malloc(100);
    kept = (void *)block;
    block[100] = 1;
    free(kept);
}

__attribute__((noinline)) static void lose(void)
{
    kept = malloc(1234);
    kept = NULL;
}

int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, work, NULL))
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    char *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return 1;
    map[4096] = 1;
    munmap(map, 1 << 20);
    pid_t child = fork();
    if (!child) {
        work(NULL);
        _exit(3);
    }
    int status = 0;
    waitpid(child, &status, 0);
    decide();
    read_freed();
    write_behind();
    lose();
    printf("child %d\n", WEXITSTATUS(status));
    return 5;
}
