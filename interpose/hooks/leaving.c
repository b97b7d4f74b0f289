/* SPDX-License-Identifier: MIT */
#include "hooks/leaving.h"

#include <string.h>

#include "base/guard.h"
#include "loader/foreign_program.h"
#include "log/log.h"
#include "os/os.h"
#include "process/start.h"
#include "process/summary.h"
#include "process/untraced.h"

/* The header of this process's own log, or NULL. A child of vfork has its parent's memory. The
 * child of a fork does not have the log's mappings, and has no log until its first event. */
static struct mt_header *own_log(void)
{
    if (!mt_ready || *mt_ready != 1 || mt_log.header->pid != mt_os_pid())
        return NULL;
    return mt_log.header;
}

struct mt_header *mt_leaving(const char *path, char *const environment[])
{
    int keep = errno;
    struct mt_header *h = own_log();
    if (h) {
        mt_untraced_gather();
        if (mt_untraced_left_out(path, environment))
            mt_summary_untraced(mt_program, mt_directory, path);
        h->end_time = mt_os_mono() - h->start_mono;
        __atomic_store_n(&h->end, MT_END_EXEC, __ATOMIC_RELEASE);
    }
    errno = keep;
    return h;
}

int mt_stayed(struct mt_header *h, int result)
{
    if (h) {
        __atomic_store_n(&h->end, MT_END_UNKNOWN, __ATOMIC_RELEASE);
        h->end_time = 0;
    }
    return result;
}

/* Open the program that execvp would find. The path is gone before the file is looked at, as both take room on the stack. */
static __attribute__((noinline)) int open_found(const char *file)
{
    char path[512];
    size_t length = strlen(file);
    const char *p = strchr(file, '/') ? NULL : mt_os_variable("PATH", path, sizeof path);
    if (!p || length >= sizeof path)
        return mt_os_open_program(-1, file);
    for (size_t folder; *p; p += folder + (p[folder] != 0)) {
        folder = strcspn(p, ":");
        if (folder + 1 + length >= sizeof path)
            continue;
        memcpy(path, p, folder);
        path[folder] = '/';
        memcpy(path + folder + (folder != 0), file, length + 1);
        int fd = mt_os_open_program(-1, path);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

bool mt_leaving_foreign(const char *file)
{
    int fd = open_found(file);
    bool foreign = fd >= 0 && mt_program_foreign_file(fd);
    if (fd >= 0)
        mt_os_close(fd);
    return foreign;
}
