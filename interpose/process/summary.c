/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "base/config.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"
#include "os/preload.h"
#include "os/str.h"
#include "process/summary.h"

static int kept = -1; /* our own copy of standard error */
static uint64_t kept_identity[2];
static bool wanted;

/* The environment that our parent was started with preloads this library: we are a descendant of the program that was asked for. A
 * shell that has this variable among its variables was not started with it. */
static bool is_descendant(void)
{
    static const char preload[] = MT_PRELOAD "=", library[] = "libmemtrace";
    const size_t room = 131072;
    char *text = mt_os_map(room);
    ssize_t bytes = text ? mt_os_parent_variables(text, room - 1) : 0;
    bool found = false;
    for (ssize_t at = 0; at < bytes && !found; at += (ssize_t)strlen(text + at) + 1)
        found = !strncmp(text + at, preload, sizeof preload - 1) && strstr(text + at, library);
    if (text)
        mt_os_unmap(text, room);
    return found;
}

static bool is_wanted(void)
{
    if (mt_config.quiet)
        return false;
    if (mt_config.summary > 1)
        return mt_config.summary == (uint64_t)mt_os_pid();
    return (mt_config.summary || mt_os_is_terminal(2)) && !is_descendant();
}

void mt_summary_prepare(void)
{
    uint64_t id[2];
    wanted = is_wanted();
    if (!wanted || mt_os_identity(2, id) != 0)
        return;
    kept = mt_os_high(2);
    memcpy(kept_identity, id, sizeof id);
}

void mt_summary_forget(void)
{
    uint64_t id[2];
    if (kept >= 0 && mt_os_identity(kept, id) == 0 && !memcmp(id, kept_identity, sizeof id))
        mt_os_close(kept);
    kept = -1;
    wanted = false; /* a fork child was not asked for */
}

/* Of the nodes from `first` to before `end`. Node 0: those of no node. */
static uint64_t count_allocations(uint64_t first, uint64_t end)
{
    uint64_t count = 0;
    for (uint64_t i = first; i < end; i++) {
        const struct mt_node *n = (const struct mt_node *)mt_log.base[MT_REGION_NODE] + i;
        for (uint32_t unit = n->counters; unit;) {
            const struct mt_alloc *a = (const struct mt_alloc *)(mt_log.base[MT_REGION_COUNTER] +
                                                                 (uint64_t)unit * MT_UNIT);
            const struct mt_small *s = (const struct mt_small *)a;
            uint32_t kind = MT_LINK_KIND(a->link);
            if (kind == MT_KIND_SMALL && !(s->gone & MT_SMALL_MOVED))
                count += MT_SMALL_COUNT(s->allocs);
            if (kind >= MT_KIND_ALLOC && kind < MT_KIND_RELEASE &&
                MT_IN_LEVEL(kind - MT_KIND_ALLOC))
                count += MT_ALLOCS(a->allocs);
            unit = MT_LINK_NEXT(a->link);
        }
    }
    return count;
}

static void say(const struct mt_str *line)
{
    uint64_t id[2];
    int fd = kept;
    /* The program may have put something else under our number; and it may be closed. */
    if (fd < 0 || mt_os_identity(fd, id) != 0 || memcmp(id, kept_identity, sizeof id) != 0)
        fd = 2;
    mt_os_say(fd, line->text, line->used);
}

void mt_summary_aside(const char *program)
{
    char text[512];
    struct mt_str s = MT_STR(text);
    if (!wanted)
        return;
    mt_str_add_z(&s, "memtrace: ");
    mt_str_add_z(&s, program);
    mt_str_add_z(&s, ": not traced, it is built with a sanitizer\n");
    say(&s);
}

void mt_summary_failed(const char *program, const char *reason)
{
    char text[512];
    struct mt_str s = MT_STR(text);
    if (!wanted)
        return;
    mt_str_add_z(&s, "memtrace: ");
    mt_str_add_z(&s, program);
    mt_str_add_z(&s, ": not traced, the log cannot be made: ");
    mt_str_add_z(&s, reason);
    mt_str_add_z(&s, " (MEMTRACE_OUTPUT says where)\n");
    say(&s);
}

/* As a word of a shell: the line is there to be copied. */
static void add_word(struct mt_str *s, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789"
                                "/._-+,:@%=";
    if (word[0] == '-')
        mt_str_add_z(s, "./");
    if (word[0] && !word[strspn(word, plain)]) {
        mt_str_add_z(s, word);
        return;
    }
    mt_str_add_z(s, "'");
    for (size_t part; word[0]; word += part) {
        part = strcspn(word, "'");
        mt_str_add(s, word, part);
        if (word[part]) {
            mt_str_add_z(s, "'\\''");
            part++;
        }
    }
    mt_str_add_z(s, "'");
}

static void add_how_to_read(struct mt_str *s, const char *directory)
{
    const char *path = mt_log_path();
    size_t prefix = strlen(directory);
    if (prefix > 1 && !strncmp(path, directory, prefix) && path[prefix] == '/')
        path += prefix + 1;
    mt_str_add_z(s, "memtrace report ");
    add_word(s, path);
    mt_str_add_z(s, "\n");
}

void mt_summary_untraced(const char *program, const char *directory, const char *path)
{
    static char text[1024]; /* of several threads at once one is in a muddle at worst */
    struct mt_str s = MT_STR(text);
    if (!wanted)
        return;
    mt_str_add_z(&s, "memtrace: ");
    mt_str_add_z(&s, program);
    mt_str_add_z(&s, " goes on as ");
    mt_str_add_z(&s, path);
    mt_str_add_z(&s, ", which is not traced: the library is not in its " MT_PRELOAD
                     "; what was before: ");
    add_how_to_read(&s, directory);
    say(&s);
}

/* Programs that it started. */
static void add_untraced(struct mt_str *s, const struct mt_header *h)
{
    uint32_t count = h->untraced;
    if (!count)
        return;
    mt_str_add_z(s, "; not traced: ");
    mt_str_add(s, h->untraced_first, strnlen(h->untraced_first, sizeof h->untraced_first));
    if (count > 1) {
        mt_str_add_z(s, " and ");
        mt_str_add_grouped(s, count - 1);
        mt_str_add_z(s, count > 2 ? " more programs" : " more program");
    }
}

void mt_summary_print(const char *program, const char *directory)
{
    if (!wanted || !mt_log.header)
        return;
    static char text[8192]; /* there is one end */
    struct mt_str s = MT_STR(text);
    mt_str_add_z(&s, "memtrace: ");
    mt_str_add_z(&s, program);
    mt_str_add_z(&s, ": peak ");
    mt_str_add_size(&s, mt_log.header->peak);
    mt_str_add_z(&s, ", ");
    mt_str_add_size(&s, mt_log.header->finish_level);
    mt_str_add_z(&s, " live at the end, ");
    mt_str_add_grouped(&s, count_allocations(0, mt_log.header->used[MT_REGION_NODE]));
    mt_str_add_z(&s, " allocations");
    uint64_t lost = count_allocations(0, 1);
    if (lost) {
        mt_str_add_z(&s, ", ");
        mt_str_add_grouped(&s, lost);
        mt_str_add_z(&s, " of them without a call site, for want of space");
    }
    if (mt_log_elsewhere()) {
        mt_str_add_z(&s, "; the log is in /tmp, not where it should be: ");
        mt_str_add_z(&s, mt_log_elsewhere());
    }
    add_untraced(&s, mt_log.header);
    if (mt_config.wrong) {
        mt_str_add_z(&s, "; ");
        mt_str_add_z(&s, mt_config.wrong);
        mt_str_add_z(&s, " has a value that makes no sense, and was left aside");
    }
    mt_str_add_z(&s, "; to read it: ");
    add_how_to_read(&s, directory);
    say(&s);
}
