/* SPDX-License-Identifier: MIT
 *
 * Two threads with names of their own, which allocate by the same line; then a child that is forked, and one that is executed with
 * "child" as argument, each with a block of its own.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept[4];
static pthread_barrier_t barrier;

static __attribute__((noinline)) void take(int i, size_t bytes)
{
    kept[i] = malloc(bytes); /* TAKE */
}

static void *work(void *number)
{
    int i = (int)(intptr_t)number;
    prctl(PR_SET_NAME, i ? "second" : "first");
    if (!i)
        take(0, 1000000);
    pthread_barrier_wait(&barrier);
    if (i)
        take(1, 2000000);
    pthread_barrier_wait(&barrier); /* both are there, so that neither takes the other's place */
    return NULL;
}

static void family(const char *self)
{
    int status;
    pid_t forked = fork();
    if (!forked) {
        take(2, 300000);
        exit(0);
    }
    waitpid(forked, &status, 0);
    pid_t executed = fork();
    if (!executed) {
        execl(self, self, "child", (char *)NULL);
        _exit(1);
    }
    waitpid(executed, &status, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "child")) {
        take(3, 40000);
        return 0;
    }
    pthread_t thread[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++)
        if (pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i))
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    if (argc > 1)
        family(argv[0]);
    return 0;
}
