/* SPDX-License-Identifier: MIT
 *
 * The log's name, and where it is made. At first the file has no name (O_TMPFILE). It gets its name
 * when its header is whole and the process described: whoever is killed before leaves nothing, and
 * no reader finds a log half begun. With MEMTRACE_MIN_PEAK that waits until the process's peak is
 * high enough. A name is given to a descriptor: where the program has closed it, or may not write
 * to the folder any more, the tables move to a new file. Where the file system has no nameless
 * files, or they can't be given a name (no /proc), the log has its name from the start.
 */
#include <errno.h>
#include <string.h>

#include "base/aside.h"
#include "base/config.h"
#include "base/guard.h"
#include "base/lock.h"
#include "log/file.h"
#include "log/growing.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"

static int open_error; /* errno of the last mt_log_open */
static void (*describe_process)(void);
static uint64_t least_peak; /* for this process to leave a log; 0: whatever the peak */

const char *mt_log_path(void)
{
    return mt_log_file.path;
}

const char *mt_log_error(void)
{
    switch (open_error) {
    case EACCES:
    case EPERM:
        return "permission denied";
    case ELOOP:
        return "somebody else's link is in its way";
    case ENODEV:
        return "the file system has no shared mappings";
    case EROFS:
        return "the file system is read-only";
    case ENOENT:
    case ENOTDIR:
        return "no such folder";
    case ENOSPC:
    case EDQUOT:
        return "no space is left";
    case EFBIG:
        return "the limit on file sizes (ulimit -f) is too low";
    case ENAMETOOLONG:
        return "its name is too long";
    case EEXIST:
        return "every name that it could have is taken";
    case EMFILE:
    case ENFILE:
        return "no descriptor is left";
    case ENOMEM:
        return "no memory, or no address space (ulimit -v)";
    default:
        return "the system refused it";
    }
}

/* Make this new file the log. 0 or -errno. */
static int begin(int fd)
{
    mt_log_file.fd = fd;
    int error = mt_os_identity(fd, mt_log_file.identity) != 0 ? -EIO : mt_log_map();
    if (!error)
        describe_process();
    return error;
}

static bool give_up(int error)
{
    open_error = -error;
    mt_os_create_end();
    mt_log_forget();
    return false;
}

static bool open_named(bool in_tmp)
{
    int fd = mt_log_file_create(mt_os_create, in_tmp);
    if (fd < 0)
        return give_up(fd);
    mt_log_file.temporary = least_peak;
    int error = begin(fd);
    if (!error)
        return true;
    mt_os_remove(mt_log_file.path); /* leave nothing where there is no room */
    return give_up(error);
}

/* Make the file and map it. False: open_error says why, and nothing is left of it. */
static bool open_in(bool in_tmp)
{
    int fd = mt_log_file_create(mt_os_create_nameless, in_tmp);
    if (fd >= 0 && mt_config.min_peak &&
        !mt_os_is_high(fd)) { /* it could not stay open without a name */
        mt_os_close(fd);
        return open_named(in_tmp);
    }
    if (fd < 0) /* not every file system can, and ext4 says EPERM of a folder that is gone */
        return open_named(in_tmp);
    mt_log_file.nameless = true;
    int error = begin(fd);
    if (error)
        return give_up(error);
    if (least_peak)
        return true;
    if (mt_log_file_create(mt_log_file_link, in_tmp) < 0) {
        mt_log_forget();
        return open_named(in_tmp);
    }
    mt_log_file.nameless = false;
    return true;
}

static const char *elsewhere; /* why the log is in /tmp */

const char *mt_log_elsewhere(void)
{
    return elsewhere;
}

/* The log can't be where it should be. Make it in /tmp; the line at exit says where and why. */
static bool open_elsewhere(void)
{
    int first = open_error;
    const char *reason = mt_log_error();
    if (first == EEXIST || first == EFBIG || first == ENOMEM)
        return false; /* /tmp would be no better */
    if (!open_in(true)) {
        open_error = first;
        return false;
    }
    elsewhere = reason;
    mt_log_note(1, "the log is in /tmp, not where it should be: %s", reason);
    return true;
}

bool mt_log_open(const char *directory, const char *program, void (*describe)(void))
{
    mt_log_file_wanted(directory, mt_config.output[0] ? mt_config.output : "memtrace.%e.%p.mt",
                       program);
    describe_process = describe;
    least_peak = mt_config.min_peak_but == (uint64_t)mt_os_pid() ? 0 : mt_config.min_peak;
    elsewhere = NULL; /* of a fork's parent */
    if (mt_os_privileged()) {
        open_error = EPERM;
        return false;
    }
    bool opened = open_in(false) || open_elsewhere();
    mt_os_create_end();
    mt_log_file_rest();
    return opened;
}

/* ---- A name for a file that still has none ---- */

static bool high_enough(void)
{
    const struct mt_header *h = mt_log.header;
    return h->peak >= least_peak || h->peak_before >= least_peak;
}

/* Under mt_log_growing. */
static void name(void *unused)
{
    (void)unused;
    if (mt_log_descriptor_is(mt_log_file.fd) && mt_log_file_create(mt_log_file_link, false) >= 0)
        mt_log_file.nameless = false;
    else
        mt_log_replace();
}

void mt_log_name(bool now)
{
    static uint32_t refused; /* requests left before the system is asked again */
    if (!mt_log_file.nameless || (!now && !high_enough()))
        return;
    mt_lock_take(&mt_log_growing);
    bool replaced = false;
    if (mt_log_file.nameless && (now || !(refused & 255))) {
        replaced = !mt_log_descriptor_is(mt_log_file.fd);
        mt_aside(name, NULL);
        replaced &= !mt_log_file.nameless;
    }
    refused = mt_log_file.nameless ? refused + 1 : 0;
    mt_log_file_rest();
    mt_lock_drop(&mt_log_growing);
    if (replaced && mt_shared())
        mt_log_note(1, "the log moved to a new file while several threads made events: some of "
                       "them may be missing");
}

bool mt_log_named(void)
{
    return !mt_log_file.nameless && !mt_log_file.temporary;
}

bool mt_log_end(void)
{
    mt_log_name(false);
    if (mt_log_file.temporary && !high_enough() &&
        mt_os_path_is(mt_log_file.path, mt_log_file.identity)) {
        mt_os_remove(mt_log_file.path);
        return false;
    }
    return !mt_log_file.nameless;
}
