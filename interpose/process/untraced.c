/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "log/log.h"
#include "os/os.h"
#include "process/untraced.h"

#define PAGE 4096u

/* One program: whoever finds `state` FREE takes it. */
enum { FREE, TAKEN, READY };
struct entry {
    uint32_t state, count;
    uint32_t reason, told; /* `told`: how many of them the log has; the owner's alone */
    char path[176];
    char detail[56];
};
struct page {
    uint32_t others; /* for which there was no entry */
    uint32_t others_told;
    struct entry entries[(PAGE - 8) / sizeof(struct entry)];
};
_Static_assert(sizeof(struct page) <= PAGE, "a page");
enum { ENTRIES = (PAGE - 8) / sizeof(struct entry) };

static struct page *page;
bool mt_untraced_preloaded;

void mt_untraced_prepare(void)
{
    char room[4096];
    const char *preload = mt_os_variable("LD_PRELOAD", room, sizeof room);
    mt_untraced_preloaded = preload && strstr(preload, "libmemtrace");
    page = mt_os_map_shared(PAGE);
}

/* The end of a text that is too long tells more than its beginning. */
static void copy(char *to, size_t bytes, const char *from)
{
    size_t length = strlen(from);
    if (length >= bytes)
        from += length - bytes + 1;
    memcpy(to, from, strlen(from) + 1);
}

static bool is(const struct entry *e, enum mt_untraced reason, const char *path)
{
    size_t length = strlen(path);
    if (length >= sizeof e->path)
        path += length - sizeof e->path + 1;
    return e->reason == reason && !strcmp(e->path, path);
}

void mt_untraced_add(enum mt_untraced reason, const char *path, const char *detail)
{
    if (!page)
        return;
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry *e = &page->entries[i];
        uint32_t found = FREE;
        if (__atomic_compare_exchange_n(&e->state, &found, TAKEN, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_ACQUIRE)) {
            e->reason = reason;
            e->count = 1;
            copy(e->path, sizeof e->path, path);
            copy(e->detail, sizeof e->detail, detail);
            __atomic_store_n(&e->state, READY, __ATOMIC_RELEASE);
            return;
        }
        if (found == READY && is(e, reason, path)) {
            __atomic_fetch_add(&e->count, 1, __ATOMIC_RELAXED);
            return;
        }
    }
    __atomic_fetch_add(&page->others, 1, __ATOMIC_RELAXED);
}

void mt_untraced_reason(struct mt_str *s, enum mt_untraced reason, const char *detail)
{
    static const char *const texts[] = {
        [MT_UNTRACED_MACHINE] = "is for another architecture",
        [MT_UNTRACED_LIBC] = "is linked with another C library",
        [MT_UNTRACED_STATIC] = "is statically linked",
        [MT_UNTRACED_PRIVILEGED] = "is setuid, setgid or has file capabilities",
        [MT_UNTRACED_ENVIRONMENT] = "was started without LD_PRELOAD in its environment",
    };
    mt_str_add_z(s, texts[reason]);
    if (*detail) {
        mt_str_add_z(s, " (");
        mt_str_add_z(s, detail);
        mt_str_add_z(s, ")");
    }
}

void mt_untraced_tell(void)
{
    for (unsigned i = 0; page && i < ENTRIES; i++) {
        struct entry *e = &page->entries[i];
        if (__atomic_load_n(&e->state, __ATOMIC_ACQUIRE) != READY)
            continue;
        uint32_t count = __atomic_load_n(&e->count, __ATOMIC_RELAXED);
        if (count <= e->told)
            continue;
        char text[160];
        struct mt_str s = MT_STR(text);
        mt_untraced_reason(&s, e->reason, e->detail);
        if (count - e->told == 1)
            mt_log_note(1, "not traced: %s, which %s", e->path, text);
        else
            mt_log_note(1, "not traced, %u times: %s, which %s", count - e->told, e->path, text);
        e->told = count;
    }
    if (page && page->others > page->others_told) {
        uint32_t others = page->others;
        mt_log_note(1, "not traced: programs that were started %u more times",
                    others - page->others_told);
        page->others_told = others;
    }
}

void mt_untraced_line(struct mt_str *s)
{
    uint32_t more = 0, said = 0;
    for (unsigned i = 0; page && i < ENTRIES; i++) {
        struct entry *e = &page->entries[i];
        if (__atomic_load_n(&e->state, __ATOMIC_ACQUIRE) != READY || !e->count)
            continue;
        if (said++) {
            more++;
            continue;
        }
        mt_str_add_z(s, "; not traced: ");
        mt_str_add_z(s, e->path);
        mt_str_add_z(s, ", which ");
        mt_untraced_reason(s, e->reason, e->detail);
    }
    if (more) {
        mt_str_add_z(s, ", and ");
        mt_str_add_number(s, more);
        mt_str_add_z(s, more == 1 ? " more program" : " more programs");
    }
}
