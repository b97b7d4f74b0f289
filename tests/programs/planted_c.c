/* SPDX-License-Identifier: MIT */
#include "planted.h"

#include <dlfcn.h>
#include <iconv.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct entry {
    struct entry *next;
    int key;
    char text[84];
};
static struct entry *cache;
static long *rows;
static size_t row_count, row_cap;
static size_t forgot_request, forgot_cache, forgot_plugin;

static void request(void)
{
    char *volatile answer = malloc(100); /* PLANTED request */
    char *page = malloc(3000);
    memset(page, 'x', 3000);
    free(page);
    forgot_request += answer ? 100 : 0;
}

static struct entry *cached(int key)
{
    for (struct entry *e = cache; e; e = e->next)
        if (e->key == key)
            return e;
    struct entry *made = calloc(1, sizeof *made); /* PLANTED cache */
    made->key = key;
    made->next = cache;
    cache = made;
    forgot_cache += sizeof *made;
    return made;
}

static void add_row(long row)
{
    if (row_count == row_cap) {
        row_cap = row_cap ? 2 * row_cap : 16;
        rows = realloc(rows, row_cap * sizeof *rows); /* PLANTED list */
    }
    rows[row_count++] = row;
}

static void call_plugin(const char *file)
{
    void *plugin = dlopen(file, RTLD_NOW);
    size_t (*work)(void) = (size_t(*)(void))dlsym(plugin, "plugin_work");
    for (int i = 0; i < CALLS; i++)
        forgot_plugin += work();
    dlclose(plugin);
}

static void *run_thread(void *argument)
{
    free(malloc(5000));
    return argument;
}

/* What the runtime keeps for itself. */
static void use_runtime(void)
{
    pthread_t thread;
    time_t now = time(NULL);
    char text[64];
    setlocale(LC_ALL, "C.UTF-8");
    strftime(text, sizeof text, "%c", localtime(&now));
    printf("it is %s\n", text);
    iconv_t converter = iconv_open("UTF-16", "ISO-8859-1");
    if (converter != (iconv_t)-1)
        iconv_close(converter);
    if (!dlopen("libm.so.6", RTLD_NOW))
        puts("there is no libm");
    FILE *file = tmpfile();
    fprintf(file, "%s", text);
    fclose(file);
    pthread_create(&thread, NULL, run_thread, NULL);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    use_runtime();
    for (int i = 0; i < REQUESTS; i++)
        request();
    for (int i = 0; i < 2 * KEYS; i++)
        cached(i % KEYS);
    for (int i = 0; i < ROWS; i++)
        add_row(i);
    call_plugin(argv[1]);
    printf("PLANTED request %zu\nPLANTED cache %zu\nPLANTED list %zu\nPLANTED plugin %zu\n",
           forgot_request, forgot_cache, row_cap * sizeof *rows, forgot_plugin);
    return 0;
}
