/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/config.h"
#include "format.h"
#include "log/file.h"
#include "os/os.h"
#include "os/str.h"

#define ATTEMPTS 10000u

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

/* The log that bears the name: has an earlier program of this process left it, by exec? Then its
 * descriptor, and *peak; else below 0. */
static int open_earlier(const char *path, uint64_t *peak)
{
    struct mt_header h;
    int fd = mt_os_open(path, false);
    if (fd < 0)
        return fd;
    if (mt_os_read_at(fd, &h, sizeof h, 0) && !memcmp(h.magic, MT_MAGIC, sizeof h.magic) &&
        h.pid == mt_os_pid() && h.end == MT_END_EXEC && h.start_ticks &&
        h.start_ticks == mt_os_start_ticks()) {
        *peak = h.peak;
        return fd;
    }
    mt_os_close(fd);
    return -1;
}

static bool name_of(struct mt_str *s, const char *directory, const char *pattern, unsigned attempt)
{
    s->text[0] = 0;
    if (directory && pattern[0] != '/') {
        mt_str_add_z(s, directory);
        mt_str_add_z(s, "/");
    }
    return expand(s, pattern, attempt);
}

/* A process has one name for its log, whichever programs it becomes by exec: the last one has it. So
 * an earlier program's log makes way: it goes if there is nothing worth telling in it, else it gets
 * the next free number. False: the name is taken by something else. */
static bool make_way(const char *directory, const char *pattern, unsigned attempt)
{
    static char other[4096]; /* one start at a time */
    uint64_t peak;
    int error = 0, fd = open_earlier(mt_log_file.path, &peak);
    if (fd < 0)
        return false;
    while (peak >= mt_config.earlier_min_peak && attempt++ < ATTEMPTS) {
        struct mt_str s = MT_STR(other);
        error = name_of(&s, directory, pattern, attempt) ? mt_os_link(fd, other) : -ENAMETOOLONG;
        if (error != -EEXIST)
            break;
    }
    if (!error)
        mt_os_remove(mt_log_file.path);
    mt_os_close(fd);
    return !error;
}

/* Make the file, or its name, in `directory` (NULL: the pattern says where). If the name is taken,
 * a number is added. */
static int create(int (*make)(const char *path), const char *directory, const char *pattern)
{
    for (unsigned attempt = 1; attempt <= ATTEMPTS; attempt++) {
        struct mt_str s = MT_STR(mt_log_file.path);
        if (!name_of(&s, directory, pattern, attempt))
            return -ENAMETOOLONG;
        int fd = make(mt_log_file.path);
        if (fd == -EEXIST && make_way(directory, pattern, attempt))
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
    if (in_tmp) {
        int fd = create(make, "/tmp", last_part(where.pattern));
        return fd == -ENAMETOOLONG ? create(make, "/tmp", MT_LOG_NAME) : fd;
    }
    return create(make, where.folder, where.pattern);
}

int mt_log_file_link(const char *path)
{
    return mt_os_link(mt_log_file.fd, path);
}

/* The program may have closed our descriptor and opened something else under its number. Never
 * touch a file that is not the log. */
bool mt_log_descriptor_is(int fd)
{
    uint64_t id[2];
    return fd >= 0 && mt_os_identity(fd, id) == 0 && !memcmp(id, mt_log_file.identity, sizeof id);
}
