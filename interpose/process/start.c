/* SPDX-License-Identifier: MIT
 *
 * The tracker starts at the program's first allocation, which may come before any constructor has
 * run. What needs the loader (the unwinder's library, the interpreter's symbols) waits for our
 * constructor. The child of a fork, whichever way it was made, reads 0 in *mt_ready. It starts anew
 * with its own log at its first event, and never touches its parent's log, whose mappings it does
 * not even have.
 */
#include <errno.h>
#include <string.h>

#include "base/aside.h"
#include "base/config.h"
#include "base/guard.h"
#include "base/lock.h"
#include "base/meta.h"
#include "base/newer.h"
#include "base/own.h"
#include "base/pool.h"
#include "loader/modules.h"
#include "loader/program.h"
#include "loader/real.h"
#include "log/intern.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"
#include "process/start.h"
#include "process/summary.h"
#include "process/untraced.h"
#include "python/attach.h"
#include "tables/tables.h"
#include "unwind/arch.h"
#include "unwind/unwind.h"

char mt_program[64];
char mt_directory[4096];
static bool configured; /* this memory image has started once */
bool mt_constructed;

/* The name the program was started by, fit for a file name. */
static void find_program(const char *argv0)
{
    const char *base = argv0;
    for (const char *p = argv0; *p; p++)
        if (*p == '/' && p[1])
            base = p + 1;
    if (*base == '-')
        base++;
    size_t n = 0;
    for (; *base && n + 1 < sizeof mt_program; base++)
        mt_program[n++] = *base == '/' || (unsigned char)*base <= ' ' || *base == 127 ? '_' : *base;
    if (!n)
        mt_program[n++] = '_';
    mt_program[n] = 0;
}

static struct mt_piece argv; /* of this process: start() */

/* The last fork on the way to this process, and what there was to be inherited. */
static struct {
    int32_t pid, parent; /* of the child */
    uint64_t level, time;
} last_fork;

static void inherit(void)
{
    const struct mt_header *h = mt_log.header;
    last_fork.level = h->level + h->inherited - h->inherited_released;
}

void mt_start_before_fork(void)
{
    if (!mt_ready || *mt_ready != 1) /* nothing happened since this process was forked itself */
        return;
    inherit();
    if (mt_newer_tells())
        return;
    int keep = errno; /* there may be no /proc */
    mt_meta_alone(mt_os_alone());
    errno = keep;
}

void mt_start_after_fork(void)
{
    if (mt_ready && *mt_ready == 1)
        mt_meta_alone(false);
}

void mt_start_forked(void)
{
    /* An emulator's madvise (qemu-user 7.2) says yes and does nothing: the word is still the parent's, also where the tracker stood
     * aside there, and so are the log's mappings. */
    if (mt_ready && *mt_ready && mt_log.header && mt_log.header->pid != mt_os_pid()) {
        *mt_ready = 0;
        mt_log_leave();
    }
    mt_os_close_inherited();
    mt_aside_forget(); /* before the first event needs one: the threads that had them are not here */
    last_fork.pid = mt_os_pid();
    last_fork.parent = mt_os_parent();
    last_fork.time = mt_os_real();
}

static void describe_process(void)
{
    struct mt_header *h = mt_log.header;
    mt_tables_begin();
    h->version = MT_VERSION;
    h->header_bytes = MT_HEADER_BYTES;
    h->byte_order = MT_BYTE_ORDER;
    h->machine = MT_ARCH_MACHINE;
    h->pointer_bits = sizeof(void *) * 8;
    h->pid = mt_os_pid();
    bool forked = last_fork.pid == h->pid;
    h->parent_pid = forked ? last_fork.parent : mt_os_parent();
    h->inherited = forked ? last_fork.level : 0;
    h->start_real = mt_os_real();
    h->start_mono = mt_os_mono();
    /* A file with the magic has a whole header. It is written before what takes longer: where the
     * file has a name by now, a process that is killed in between leaves a log that can be read,
     * though it does not name the program. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy(h->magic, MT_MAGIC, sizeof h->magic);
    h->start_ticks = mt_os_start_ticks();
    mt_os_host(h->host, sizeof h->host);
    h->process_start = forked ? last_fork.time | MT_START_EXACT : mt_os_began() & ~MT_START_EXACT;
    static char exe[4096], cwd[4096]; /* one start at a time */
    size_t exe_bytes = mt_program_path(exe, sizeof exe);
    ssize_t cwd_bytes = mt_os_cwd(cwd, sizeof cwd);
    uint32_t head[4] = {(uint32_t)exe_bytes, cwd_bytes > 0 ? (uint32_t)cwd_bytes : 0,
                        (uint32_t)argv.bytes, 0};
    struct mt_piece pieces[] = {{head, sizeof head}, {exe, head[0]}, {cwd, head[1]}, argv};
    mt_log_record(MT_RECORD_PROCESS, pieces, 4);
}

/* Forget what the parent's memory has left in the child of a fork. */
static void forget(void)
{
    if (mt_log_copied())
        inherit(); /* with the event that it finished in its parent's tables */
    mt_critical = 0;
    mt_lock_broken = false;
    mt_meta_child();
    mt_own_forget();
    mt_pool_forget(mt_meta_torn);
    mt_os_locking = false;
    if (last_fork.pid != mt_os_pid()) /* else mt_start_forked did; others may have one by now */
        mt_aside_forget();
    mt_log_forget();
    mt_log_intern_forget();
    mt_modules_forget();
    mt_tables_forget();
    mt_summary_forget();
}

static bool start(void (*thread_ended)(void *))
{
    static char argv_room[65536];
    if (configured) {
        forget();
    } else {
        mt_config_read();
        mt_os_note_user();
        ssize_t n = mt_os_cwd(mt_directory, sizeof mt_directory - 1);
        mt_directory[n > 0 ? n : 0] = 0;
        mt_tables_init(thread_ended);
        mt_modules_met = mt_python_met;
        mt_summary_prepare();
    }
    ssize_t argv_bytes = mt_os_arguments(argv_room, sizeof argv_room - 1);
    if (argv_bytes <= 0) /* no /proc: the name at least */
        argv_bytes = (ssize_t)mt_program_started_as(argv_room, sizeof argv_room);
    argv = (struct mt_piece){argv_room, (size_t)argv_bytes};
    if (!configured)
        find_program(*mt_program_argv0() ? mt_program_argv0() : argv_room);
    bool again = configured;
    configured = true;
    if (mt_real_sanitizer()) {
        mt_summary_aside(mt_program);
        return false;
    }
    if (!mt_log_open(mt_directory[0] ? mt_directory : NULL, mt_program, describe_process)) {
        mt_summary_failed(mt_program, mt_log_error());
        return false;
    }
    if (mt_real_stranger())
        mt_log_note(1, "malloc is %s's, which comes before this library: heap blocks are not seen",
                    mt_real_stranger());
    mt_untraced_begin();
    mt_tables_opened();
    mt_unwind_start();
    if (again && mt_constructed) {
        mt_unwind_init();
        if (mt_config.python)
            mt_python_init();
    }
    return true;
}

bool mt_start(void (*thread_ended)(void *))
{
    static struct mt_lock starting;
    if (!mt_ready) {
        size_t page = mt_os_page();
        uint32_t *ready = mt_os_map(page);
        if (!ready || !mt_os_wipe_on_fork(ready, page))
            return false;
        mt_ready = ready;
    }
    /* One thread starts; other threads' events are not recorded meanwhile. If a child is forked
     * meanwhile, it stays untraced. */
    if (!mt_lock_try(&starting))
        return false;
    bool ok = *mt_ready == 1 || start(thread_ended);
    __atomic_store_n(mt_ready, ok ? 1u : 2u, __ATOMIC_RELEASE);
    mt_lock_drop(&starting);
    return ok;
}
