/* SPDX-License-Identifier: MIT
 *
 * Start, fork and exit: the order of everything, on one page.
 *
 * The tracker starts at the program's first allocation, which may come before any constructor has
 * run; what needs the loader (the unwinder's library, the interpreter's symbols) waits for our
 * constructor. The child of a fork reads 0 in *mt_ready, whichever way it was made, and starts anew
 * with its own log at its first event; it never touches its parent's, whose mappings it does not
 * even have.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "api.h"
#include "config.h"
#include "counters.h"
#include "inner.h"
#include "lock.h"
#include "log.h"
#include "meta.h"
#include "modules.h"
#include "os.h"
#include "python.h"
#include "python_blocks.h"
#include "real.h"
#include "summary.h"
#include "str.h"
#include "thread.h"
#include "timeline.h"
#include "unwind.h"

/* This library's own ELF header, for the machine it is built for. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static char program[64];     /* for the log's name and the line at exit */
static char directory[4096]; /* at start; "" if not known */
static bool configured;      /* the first mt_init of this memory image has been */
static bool constructed;

static struct mt_piece argv_piece(char *room, size_t bytes)
{
    ssize_t n = mt_os_read_file("/proc/self/cmdline", room, bytes);
    return (struct mt_piece){room, n > 0 ? (size_t)n : 0};
}

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
    for (; *base && n + 1 < sizeof program; base++)
        program[n++] = *base == '/' || (unsigned char)*base <= ' ' || *base == 127 ? '_' : *base;
    if (!n)
        program[n++] = '_';
    program[n] = 0;
}

/* proc(5): field 22 of stat, the start time; the command in field 2 may hold anything, its ')' is
 * the last. */
static uint64_t start_ticks(void)
{
    char text[1024];
    ssize_t n = mt_os_read_file("/proc/self/stat", text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *p = strrchr(text, ')');
    for (unsigned field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? mt_str_number(p + 1) : 0;
}

static struct mt_piece argv; /* of this process: start() */

static void describe_process(void)
{
    struct mt_header *h = mt_log.header;
    h->version = MT_VERSION;
    h->header_bytes = MT_HEADER_BYTES;
    h->byte_order = MT_BYTE_ORDER;
    h->machine = __ehdr_start.e_machine;
    h->pointer_bits = sizeof(void *) * 8;
    h->pid = mt_os_pid();
    h->parent_pid = mt_os_parent();
    h->start_real = mt_os_real();
    h->start_mono = mt_os_mono();
    /* A file with the magic has a whole header. Before what takes longer: where the file has a name by now, who is killed in
     * between leaves a log that can be read, though it doesn't tell the program. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy(h->magic, MT_MAGIC, sizeof h->magic);
    h->start_ticks = start_ticks();
    char exe[4096], cwd[4096];
    ssize_t exe_bytes = mt_os_readlink("/proc/self/exe", exe, sizeof exe);
    ssize_t cwd_bytes = mt_os_cwd(cwd, sizeof cwd);
    uint32_t head[4] = {exe_bytes > 0 ? (uint32_t)exe_bytes : 0,
                        cwd_bytes > 0 ? (uint32_t)cwd_bytes : 0, (uint32_t)argv.bytes, 0};
    struct mt_piece pieces[] = {{head, sizeof head}, {exe, head[0]}, {cwd, head[1]}, argv};
    mt_log_record(MT_RECORD_PROCESS, pieces, 4);
}

/* What the parent's memory has left in a fork child. */
static void forget(void)
{
    mt_critical = 0;
    mt_lock_broken = false;
    mt_meta_torn = mt_shared();
    mt_meta_child();
    mt_log_forget();
    mt_log_intern_forget();
    mt_modules_forget();
    mt_threads_forget();
    mt_live_forget();
    mt_python_blocks_forget();
    mt_mappings_forget();
    mt_counters_forget();
    mt_timeline_forget();
    mt_summary_forget();
    mt_api_forget();
}

static bool start(void)
{
    static char argv_room[65536];
    if (configured) {
        forget();
    } else {
        mt_config_read();
        ssize_t n = mt_os_cwd(directory, sizeof directory - 1);
        directory[n > 0 ? n : 0] = 0;
        mt_threads_init();
        mt_summary_prepare();
    }
    argv = argv_piece(argv_room, sizeof argv_room - 1);
    if (!configured)
        find_program(argv_room);
    bool again = configured;
    configured = true;
    if (mt_real_sanitizer()) {
        mt_summary_aside(program);
        return false;
    }
    if (!mt_log_open(directory[0] ? directory : NULL, program, describe_process)) {
        mt_summary_failed(program, mt_log_error());
        return false;
    }
    if (mt_real_stranger())
        mt_log_note(1, "malloc is %s's, which comes before this library: heap blocks are not seen",
                    mt_real_stranger());
    mt_unwind_start();
    if (again && constructed) {
        mt_unwind_init();
        if (mt_config.python)
            mt_python_init();
    }
    return true;
}

bool mt_init(void)
{
    static struct mt_lock starting;
    if (!mt_ready) {
        size_t page = mt_os_page();
        uint32_t *ready = mt_os_map(page);
        if (!ready || !mt_os_wipe_on_fork(ready, page))
            return false;
        mt_ready = ready;
    }
    /* One thread starts; events of others meanwhile go past. A child of a fork taken meanwhile
     * stays untraced. */
    if (!mt_lock_try(&starting))
        return false;
    bool ok = *mt_ready == 1 || start();
    __atomic_store_n(mt_ready, ok ? 1u : 2u, __ATOMIC_RELEASE);
    mt_lock_drop(&starting);
    return ok;
}

static void at_exit(int status, void *unused)
{
    (void)unused;
    mt_guard_recover((uintptr_t)__builtin_frame_address(0));
    /* Also when the tracker stood aside in the middle (MT_FLAG_ENDED). */
    if (!mt_ready || !*mt_ready || !mt_log.header)
        return;
    /* A signal handler that interrupted a hook may end the process: what it was about may be locked. */
    struct mt_self outer = mt_self;
    mt_guard();
    struct mt_header *h = mt_log.header;
    if (outer.depth == 0 || (outer.depth >= MT_IN_HEAP && !mt_critical))
        mt_timeline_end();
    h->exit_status = status;
    h->end_time = mt_os_mono() - h->start_mono;
    __atomic_store_n(&h->end, MT_END_EXIT, __ATOMIC_RELEASE);
    if (mt_log_end())
        mt_summary_print(program, directory);
    mt_self.frame = outer.frame;
    mt_self.depth = outer.depth;
}

/* In fork's child. If a signal handler forked inside an event of this thread, the child will finish that event in its
 * parent's tables (mt_log_copy), and start its own at the next. The threads that hold locks on them are not here. */
static void forked(void)
{
    if (!mt_self.depth || !mt_log.header)
        return;
    mt_lock_broken = true;
    mt_log_copy();
}

__attribute__((constructor)) static void construct(void)
{
    mt_real_init();
    mt_guard();
    constructed = true;
    mt_inner_find(0);
    if (mt_ready && *mt_ready ? *mt_ready == 1 : mt_init()) {
        mt_unwind_init();
        if (mt_config.python)
            mt_python_init();
    }
    pthread_atfork(NULL, NULL, forked);
    mt_real_forget_error();
    /* Registered first, so it runs last, after every destructor; it is told the exit status. */
    on_exit(at_exit, NULL);
    mt_self.depth = 0;
}
