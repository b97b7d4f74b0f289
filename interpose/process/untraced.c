/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/guard.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"
#include "os/preload.h"
#include "process/untraced.h"

/* In the child of a fork there is no log yet: it leaves word in a page that its parent shares with it. */
static struct untraced {
    uint32_t count, claimed;
    char first[sizeof((struct mt_header *)0)->untraced_first];
} * word, *above; /* this process's, and that of its parent */

static bool names_us(const char *variable);
static bool by_environment; /* this process was started with us in that variable */

void mt_untraced_begin(void)
{
    static bool
        begun; /* not again in the child of a fork: the program may have changed its environment */
    static char room[65536];
    if (!begun) {
        const char *value = mt_os_variable(MT_PRELOAD, room, sizeof room);
        by_environment = value && names_us(value);
        begun = true;
    }
    above = word; /* it stays: the siblings share it */
    word = mt_os_map_shared(mt_os_page());
}

static void count(uint32_t *all, uint32_t *claimed, char *first, const char *path, uint32_t more)
{
    size_t length = strnlen(path, sizeof word->first - 1);
    if (length && !__atomic_exchange_n(claimed, 1, __ATOMIC_RELAXED))
        memcpy(first, path, length); /* zeros follow */
    __atomic_fetch_add(all, more, __ATOMIC_RELEASE);
}

void mt_untraced_count(const char *path)
{
    struct mt_header *h =
        mt_ready && *mt_ready == 1 ? mt_log.header : NULL; /* a child of vfork has its parent's */
    struct untraced *to = h ? above : word;
    if (h)
        count(&h->untraced, &h->untraced_claimed, h->untraced_first, path, 1);
    if (to && !(h && mt_log_named())) /* a log without a name may never be seen */
        count(&to->count, &to->claimed, to->first, path, 1);
}

void mt_untraced_gather(void)
{
    uint32_t more = word ? __atomic_exchange_n(&word->count, 0, __ATOMIC_ACQUIRE) : 0;
    struct mt_header *h = mt_log.header;
    if (more)
        count(&h->untraced, &h->untraced_claimed, h->untraced_first, word->first, more);
    if (more && above && !mt_log_named())
        count(&above->count, &above->claimed, above->first, word->first, more);
}

/* ---- The environment ---- */

static const char preload[] = MT_PRELOAD "=", separators[] = MT_PRELOAD_SEPARATORS;

static bool is_preload(const char *variable)
{
    return !strncmp(variable, preload, sizeof preload - 1);
}

/* Is this entry this library, under whatever path? */
static bool is_ours(const char *entry, size_t length)
{
    static const char name[] = MT_LIBRARY;
    const size_t bytes = sizeof name - 1;
    return length >= bytes && !memcmp(entry + length - bytes, name, bytes) &&
           (length == bytes || entry[length - bytes - 1] == '/');
}

static bool names_us(const char *value)
{
    for (const char *entry = value; *entry;) {
        size_t length = strcspn(entry, separators);
        if (is_ours(entry, length))
            return true;
        entry += length + (entry[length] != 0);
    }
    return false;
}

/* The variable without us, in `to`; false: nothing is left of it. */
static bool without_us(char *to, const char *variable)
{
    size_t used = sizeof preload - 1;
    memcpy(to, preload, used);
    for (const char *entry = variable + used; *entry;) {
        size_t length = strcspn(entry, separators);
        if (length && !is_ours(entry, length)) {
            if (used > sizeof preload - 1)
                to[used++] = ':';
            memcpy(to + used, entry, length);
            used += length;
        }
        entry += length + (entry[length] != 0);
    }
    to[used] = 0;
    return used > sizeof preload - 1;
}

bool mt_untraced_left_out(const char *path, char *const environment[])
{
    static const char known[] = "MEMTRACE_UNTRACED=";
    for (size_t i = 0; environment && environment[i]; i++)
        if (!strncmp(environment[i], known, sizeof known - 1) ||
            (is_preload(environment[i]) && names_us(environment[i] + sizeof preload - 1)))
            return false;
    return by_environment && (!strchr(path, '/') || mt_os_exists(path));
}

size_t mt_untraced_room(char *const environment[])
{
    size_t bytes = sizeof *environment;
    bool ours = false;
    for (size_t i = 0; environment && environment[i]; i++) {
        bytes += sizeof *environment;
        if (!is_preload(environment[i]))
            continue;
        bytes += strlen(environment[i]) + 1;
        ours |= names_us(environment[i] + sizeof preload - 1);
    }
    return ours ? bytes : 0;
}

char **mt_untraced_environment(void *room, char *const environment[])
{
    char **to = room;
    size_t count = 0, all = 0;
    while (environment && environment[all])
        all++;
    char *text = (char *)(to + all + 1);
    for (size_t i = 0; i < all; i++) {
        if (!is_preload(environment[i])) {
            to[count++] = environment[i];
        } else if (without_us(text, environment[i])) {
            to[count++] = text;
            text += strlen(text) + 1;
        }
    }
    to[count] = NULL;
    return to;
}
