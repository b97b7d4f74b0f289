/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/config.h"
#include "format.h"
#include "log/file.h"
#include "os/os.h"
#include "os/str.h"

struct mt_log_file mt_log_file = {.fd = -1};

static struct {
    const char *program, *folder, *pattern;
} where;

void mt_log_file_wanted(const char *folder, const char *pattern, const char *program)
{
    where.folder = folder;
    where.pattern = pattern;
    where.program = program;
}

/* Put the file name together from the pattern: %p is the pid, %e the program, %% a per cent sign.
 * An `attempt` above 1 goes before the last ".mt". */
static bool expand(struct mt_str *s, const char *pattern, unsigned attempt)
{
    size_t length = strlen(pattern);
    size_t stem = length > 3 && !strcmp(pattern + length - 3, ".mt") ? length - 3 : length;
    for (size_t i = 0; i < length; i++) {
        if (i == stem && attempt > 1) {
            mt_str_add_z(s, ".");
            mt_str_add_number(s, attempt);
        }
        if (pattern[i] != '%' || i + 1 == length) {
            mt_str_add(s, pattern + i, 1);
            continue;
        }
        switch (pattern[++i]) {
        case 'p':
            mt_str_add_number(s, (uint64_t)mt_os_pid());
            break;
        case 'e':
            mt_str_add_z(s, where.program);
            break;
        case '%':
            mt_str_add_z(s, "%");
            break;
        default:
            mt_str_add(s, pattern + i - 1, 2);
        }
    }
    if (stem == length && attempt > 1) {
        mt_str_add_z(s, ".");
        mt_str_add_number(s, attempt);
    }
    return !s->cut;
}

/* The whole path. False: it is too long. */
static bool put_together(struct mt_str *s, const char *directory, const char *pattern,
                         unsigned attempt)
{
    if (directory && pattern[0] != '/') {
        mt_str_add_z(s, directory);
        mt_str_add_z(s, "/");
    }
    return expand(s, pattern, attempt);
}

/* The names are tried one after the other up to TURNS; families of thousands of processes would take millions of calls like that, so
 * that the next one beyond is looked for in ever longer steps. */
enum { TURNS = 16, ATTEMPTS = 1000000 };

static bool is_taken(const char *directory, const char *pattern, unsigned attempt)
{
    static char path[sizeof mt_log_file.path]; /* one log at a time is begun */
    struct mt_str s = MT_STR(path);
    return attempt <= ATTEMPTS && put_together(&s, directory, pattern, attempt) &&
           mt_os_exists(path);
}

/* The attempt after `taken`, whose name is taken: beyond TURNS one whose name is free, while the one before is taken. */
static unsigned next_attempt(const char *directory, const char *pattern, unsigned taken)
{
    unsigned ahead = 1;
    if (taken < TURNS)
        return taken + 1;
    for (; is_taken(directory, pattern, taken + ahead); ahead *= 2)
        taken += ahead;
    while ((ahead /= 2))
        if (is_taken(directory, pattern, taken + ahead))
            taken += ahead;
    return taken + 1;
}

/* ---- The program before an exec ---- */

/* Read the log `path` up to where it tells its peak. False: it is none, or not that of this process before an exec. */
static bool read_before(const char *path, struct mt_header *h)
{
    size_t bytes = offsetof(struct mt_header, peak_before) + sizeof h->peak_before;
    int fd = mt_os_open(path, false);
    bool read = fd >= 0 && mt_os_read_at(fd, h, bytes, 0);
    if (fd >= 0)
        mt_os_close(fd);
    return read && !memcmp(h->magic, MT_MAGIC, sizeof h->magic) && h->version == MT_VERSION &&
           h->pid == mt_os_pid() && h->end == MT_END_EXEC && h->start_ticks &&
           h->start_ticks == mt_os_start_ticks();
}

/* The name of this attempt, one of the first TURNS, is taken. Is it by this process itself, before an exec? Then the name is for the
 * program that it is now, and the log before goes to a later name, or goes if its peak was below MEMTRACE_MIN_PEAK, also where
 * this is the process to which that does not apply: then it was that of a wrapper. */
static bool give_way(const char *directory, const char *pattern, unsigned attempt)
{
    static struct mt_header before; /* one log at a time is begun */
    if (!read_before(mt_log_file.path, &before))
        return false;
    if (before.peak < mt_config.min_peak && before.peak_before < mt_config.min_peak) {
        mt_os_remove(mt_log_file.path);
        return true;
    }
    int error = -EEXIST;
    while (error == -EEXIST && (attempt = next_attempt(directory, pattern, attempt)) <= ATTEMPTS) {
        static char path[sizeof mt_log_file.path];
        struct mt_str s = MT_STR(path);
        if (!put_together(&s, directory, pattern, attempt))
            return false;
        error = mt_os_rename(mt_log_file.path, path);
    }
    return error == 0;
}

/* Make the file, or its name, in `directory` (NULL: the pattern says where). If the name is taken,
 * a number is added. */
static int create(int (*make)(const char *path), const char *directory, const char *pattern)
{
    for (unsigned attempt = 1; attempt <= ATTEMPTS;
         attempt = next_attempt(directory, pattern, attempt)) {
        struct mt_str s = MT_STR(mt_log_file.path);
        mt_log_file.path[0] = 0;
        if (!put_together(&s, directory, pattern, attempt))
            return -ENAMETOOLONG;
        int fd = make(mt_log_file.path);
        if (fd == -EEXIST && attempt <= TURNS && give_way(directory, pattern, attempt))
            fd = make(mt_log_file.path);
        if (fd != -EEXIST)
            return fd;
    }
    return -EEXIST;
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

int mt_log_file_create(int (*make)(const char *path), bool in_tmp)
{
    if (in_tmp)
        return create(make, "/tmp", last_part(where.pattern));
    return create(make, where.folder, where.pattern);
}

int mt_log_file_link(const char *path)
{
    return mt_os_link(mt_log_file.fd, path);
}

void mt_log_file_rest(void)
{
    if (mt_log_file.fd < 0 || mt_log_file.nameless || mt_os_is_high(mt_log_file.fd))
        return;
    if (mt_log_descriptor_is(mt_log_file.fd))
        mt_os_close(mt_log_file.fd);
    mt_log_file.fd = -1;
}

/* The program may have closed our descriptor and opened something else under its number. Never
 * touch a file that is not the log. */
bool mt_log_descriptor_is(int fd)
{
    uint64_t id[2];
    return fd >= 0 && mt_os_identity(fd, id) == 0 && !memcmp(id, mt_log_file.identity, sizeof id);
}
