/* SPDX-License-Identifier: MIT
 *
 * Built with a sanitizer, which knows every block itself. With an argument: makes the error that it is there to find.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static volatile int shared;

static void *in_thread(void *wanted)
{
    for (int i = 0; i < 1000; i++) {
        char *p = malloc(100 + (size_t)i);
        memset(p, i, 100);
        free(p);
        if (wanted)
            shared++;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[4];
    char *wanted = argc > 1 ? argv[1] : NULL;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, in_thread, wanted))
            return 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    void *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    puts(at == MAP_FAILED ? "no mapping" : "a mapping");
    fflush(stdout);
    char *volatile p = malloc(100);
    free(p);
    return wanted ? p[1] : 3;
}
