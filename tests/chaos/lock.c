/* SPDX-License-Identifier: MIT
 *
 * fork while another thread holds a lock of libc's, or of a fork handler's, and allocates under it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <iconv.h>
#include <locale.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaos.h"

static volatile int enough;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int handlers;

static void with_loader(void)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/libchaos_plugin.so", chaos_top);
    void *handle = dlopen(path, RTLD_NOW);
    if (handle)
        dlclose(handle);
}

static void with_streams(void)
{
    FILE *f = fopen("/dev/null", "w");
    if (f) {
        fprintf(f, "%d", 1);
        fclose(f);
    }
}

static void with_mutex(void)
{
    pthread_mutex_lock(&mutex);
    free(malloc(100));
    pthread_mutex_unlock(&mutex);
}

static void with_stream_locked(void)
{
    flockfile(stdout);
    free(malloc(200));
    funlockfile(stdout);
}

static void with_users(void)
{
    getpwuid(1);
    endpwent();
}

static void with_locale(void)
{
    locale_t made = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
    if (made)
        freelocale(made);
}

static void with_time(void)
{
    time_t now = 1000000;
    struct tm parts;
    tzset();
    localtime_r(&now, &parts);
}

static void with_conversion(void)
{
    iconv_t made = iconv_open("UTF-16", "ISO-8859-1");
    if (made != (iconv_t)-1)
        iconv_close(made);
}

static void *nothing(void *argument)
{
    return argument;
}

static void with_threads(void)
{
    pthread_t thread;
    if (!chaos_thread(&thread, nothing, NULL))
        pthread_join(thread, NULL);
}

static void with_flush(void)
{
    fflush(NULL); /* waits for each stream in turn, with the lock of their list */
    free(malloc(400));
}

static void (*const holders[])(void) = {with_loader,  with_streams, with_mutex, with_stream_locked,
                                        with_users,   with_locale,  with_time,  with_conversion,
                                        with_threads, with_flush};

static void *hold(void *argument)
{
    long n = (long)argument;
    while (!enough)
        holders[n]();
    return NULL;
}

/* The child only allocates: that is allowed. */
void step_lockfork(const struct step *step)
{
    pthread_t threads[2];
    long n = 0, kind = step->n % 10, good = 0;
    enough = 0;
    if (kind == 2 && !handlers)
        step_atfork(step);
    for (; n < 2; n++)
        if (chaos_thread(&threads[n], hold, (void *)kind))
            break;
    work(5);
    for (int i = 0; i < 10; i++) {
        char tag[128];
        next_tag(tag);
        pid_t pid = fork();
        if (!pid) {
            alone();
            work(3);
            _exit(2);
        }
        reap("lockfork", pid);
        good += pid > 0;
    }
    enough = 1;
    while (n)
        pthread_join(threads[--n], NULL);
    tell("lockfork: %ld", good);
}

static void before(void)
{
    pthread_mutex_lock(&mutex);
    free(malloc(10));
}

static void after(void)
{
    free(malloc(20));
    pthread_mutex_unlock(&mutex);
}

void step_atfork(const struct step *step)
{
    (void)step;
    handlers = 1;
    tell("atfork: %d", pthread_atfork(before, after, after));
}
