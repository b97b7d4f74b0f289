/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

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

/* Make the file, or its name, in `directory` (NULL: the pattern says where). If the name is taken,
 * a number is added. */
static int create(int (*make)(const char *path), const char *directory, const char *pattern)
{
    for (unsigned attempt = 1; attempt <= 10000; attempt++) {
        struct mt_str s = MT_STR(mt_log_file.path);
        mt_log_file.path[0] = 0;
        if (directory && pattern[0] != '/') {
            mt_str_add_z(&s, directory);
            mt_str_add_z(&s, "/");
        }
        if (!expand(&s, pattern, attempt))
            return -ENAMETOOLONG;
        int fd = make(mt_log_file.path);
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

/* The program may have closed our descriptor and opened something else under its number. Never
 * touch a file that is not the log. */
bool mt_log_descriptor_is(int fd)
{
    uint64_t id[2];
    return fd >= 0 && mt_os_identity(fd, id) == 0 && !memcmp(id, mt_log_file.identity, sizeof id);
}
