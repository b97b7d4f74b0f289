/* SPDX-License-Identifier: MIT
 *
 * seccomp(2), "Filters": a program in classic BPF that reads a struct seccomp_data and returns an action. Each
 * filter that a thread is under runs at each of its calls; the call is made if all say so. Here the same programs
 * run on what we are about to ask.
 *
 * A thread inherits the filters of the one that starts it, which we do not see. So a thread counts as being under
 * each filter that there was when we first saw it, unless the kernel may be asked and says that it is under none.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "os/call.h"
#include "os/os.h"

#define FILTERS_MAX 64u /* different ones; each has a bit */

enum kind { NONE, PROGRAM, STRICT, NOTHING };

static struct filter {
    enum kind kind;
    const struct sock_filter *code;
    uint32_t count;
    bool all_threads;
} filters[FILTERS_MAX];
uint32_t mt_os_filters; /* entries are only added; the last one counts for all that did not fit */

static __thread struct {
    uint64_t mine; /* the filters that this thread is under, perhaps; !known: any */
    bool known;
} self __attribute__((tls_model("initial-exec")));

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* ---- Classic BPF, as far as the kernel accepts it of a filter: seccomp_check_filter ---- */

struct machine {
    uint32_t a, x, memory[BPF_MEMWORDS];
    struct seccomp_data data;
};

static uint32_t load(const struct machine *m, const struct sock_filter *f)
{
    uint32_t word = 0;
    switch (BPF_MODE(f->code)) {
    case BPF_IMM:
        return f->k;
    case BPF_MEM:
        return m->memory[f->k % BPF_MEMWORDS];
    case BPF_ABS:
        if (f->k <= sizeof m->data - sizeof word)
            memcpy(&word, (const char *)&m->data + f->k, sizeof word);
        return word;
    default: /* BPF_LEN */
        return sizeof m->data;
    }
}

static uint32_t compute(uint16_t code, uint32_t a, uint32_t by)
{
    switch (BPF_OP(code)) {
    case BPF_ADD:
        return a + by;
    case BPF_SUB:
        return a - by;
    case BPF_MUL:
        return a * by;
    case BPF_DIV:
        return a / by;
    case BPF_AND:
        return a & by;
    case BPF_OR:
        return a | by;
    case BPF_XOR:
        return a ^ by;
    case BPF_LSH:
        return a << (by & 31);
    case BPF_RSH:
        return a >> (by & 31);
    default: /* BPF_NEG */
        return -a;
    }
}

static bool holds(uint16_t code, uint32_t a, uint32_t by)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == by;
    case BPF_JGT:
        return a > by;
    case BPF_JGE:
        return a >= by;
    default: /* BPF_JSET */
        return a & by;
    }
}

/* What the filter returns. Jumps lead forward, so it ends. */
static uint32_t run(const struct filter *f, struct machine *m)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct sock_filter *at = &f->code[i];
        uint32_t operand = BPF_SRC(at->code) == BPF_X ? m->x : at->k;
        switch (BPF_CLASS(at->code)) {
        case BPF_LD:
            m->a = load(m, at);
            break;
        case BPF_LDX:
            m->x = load(m, at);
            break;
        case BPF_ST:
            m->memory[at->k % BPF_MEMWORDS] = m->a;
            break;
        case BPF_STX:
            m->memory[at->k % BPF_MEMWORDS] = m->x;
            break;
        case BPF_ALU:
            if (BPF_OP(at->code) == BPF_DIV && !operand)
                return SECCOMP_RET_KILL_THREAD;
            m->a = compute(at->code, m->a, operand);
            break;
        case BPF_JMP:
            i += BPF_OP(at->code) == BPF_JA ? at->k
                                            : (holds(at->code, m->a, operand) ? at->jt : at->jf);
            break;
        case BPF_RET:
            return BPF_RVAL(at->code) == BPF_A ? m->a : at->k;
        default: /* BPF_MISC */
            if (BPF_MISCOP(at->code) == BPF_TAX)
                m->x = m->a;
            else
                m->a = m->x;
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}

/* ---- */

/* What the filter does with the call. */
static uint32_t action_of(const struct filter *f, long number, const long a[6])
{
    struct machine m = {
        .data = {.nr = (int)number, .arch = ARCH, .instruction_pointer = (uintptr_t)mt_os_raw}};
    switch (f->kind) {
    case NONE:
        return SECCOMP_RET_ALLOW;
    case STRICT:
        return number == SYS_read || number == SYS_write ? SECCOMP_RET_ALLOW
                                                         : SECCOMP_RET_KILL_THREAD;
    case NOTHING:
        return SECCOMP_RET_KILL_PROCESS;
    default:
        for (unsigned i = 0; i < 6; i++)
            m.data.args[i] = (uint64_t)a[i];
        return run(f, &m) & SECCOMP_RET_ACTION_FULL;
    }
}

/* Whether the process goes on after the call, made or not. */
static bool survives(const struct filter *f, long number, const long a[6])
{
    uint32_t action = action_of(f, number, a);
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_ERRNO;
}

/* Whether this thread is under filter `i`, perhaps. */
static bool is_under(uint32_t i)
{
    return !self.known || self.mine >> i & 1 || filters[i].all_threads;
}

static __attribute__((noinline, cold)) bool passes(long number, const long a[6])
{
    uint32_t used = __atomic_load_n(&mt_os_filters, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < used && i < FILTERS_MAX; i++)
        if (is_under(i) && action_of(&filters[i], number, a) != SECCOMP_RET_ALLOW)
            return false;
    return true;
}

bool mt_os_passes(long number)
{
    static const long none[6];
    return passes(number, none);
}

/* All that the library calls at its start, at events and at the end, whatever the program does. */
/* clang-format off */
static const short start_calls[] = {
    SYS_openat, SYS_close, SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_fstat,
    SYS_newfstatat, SYS_fstatfs, SYS_fallocate, SYS_ftruncate, SYS_fchmod, SYS_linkat,
    SYS_renameat2, SYS_unlinkat, SYS_readlinkat, SYS_faccessat, SYS_getcwd, SYS_fcntl, SYS_ioctl,
    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_msync, SYS_munlock, SYS_mincore, SYS_futex,
    SYS_gettid, SYS_getpid, SYS_getppid, SYS_tkill, SYS_geteuid, SYS_getresuid, SYS_getresgid,
    SYS_setfsuid, SYS_setfsgid, SYS_prctl, SYS_prlimit64, SYS_rt_sigprocmask, SYS_sigaltstack,
    SYS_rt_sigpending, SYS_ppoll, SYS_pipe2, SYS_clock_gettime, SYS_process_vm_readv,
    SYS_rt_sigtimedwait, SYS_sched_getscheduler};
/* clang-format on */

bool mt_os_start_survives(void)
{
    static const long none[6];
    uint32_t used = __atomic_load_n(&mt_os_filters, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < used && i < FILTERS_MAX; i++)
        for (size_t j = 0; is_under(i) && j < sizeof start_calls / sizeof *start_calls; j++)
            if (!survives(&filters[i], start_calls[j], none))
                return false;
    return true;
}

long mt_os_call_filtered(long number, const long a[6])
{
    if (!passes(number, a)) {
        errno = EPERM;
        return -1;
    }
    return mt_os_raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Whether the program may be read there. The kernel copies a set of signals in before it refuses an operation that does not exist:
 * a call that every sandbox lets pass. */
static bool readable(uintptr_t at, size_t bytes)
{
    uintptr_t page = ~(uintptr_t)(mt_os_page() - 1), end = at + bytes;
    if (end < at)
        return false;
    for (at &= page; at < end; at -= page)
        if (mt_os_call(SYS_rt_sigprocmask, ~0L, at, NULL, 8) == 0 || errno != EINVAL)
            return false;
    return true;
}

/* A copy of the program's filter. False: it can't be read, or there is no memory. */
static bool copy(struct filter *f, const struct sock_fprog *program)
{
    if (!readable((uintptr_t)program, sizeof *program) || !program->len)
        return false;
    size_t bytes = program->len * sizeof(struct sock_filter);
    void *room = readable((uintptr_t)program->filter, bytes) ? mt_os_map(bytes) : NULL;
    if (!room)
        return false;
    memcpy(room, program->filter, bytes);
    f->code = room;
    f->count = program->len;
    return true;
}

static bool same(const struct filter *a, const struct filter *b)
{
    return a->kind == b->kind && a->count == b->count &&
           (!a->count || !memcmp(a->code, b->code, a->count * sizeof *a->code));
}

/* The entry for this filter; it is made if there is none. */
static uint32_t enter(struct filter *f)
{
    uint32_t i = 0, used = mt_os_filters;
    while (i < used && !same(&filters[i], f))
        i++;
    if (i < used || i == FILTERS_MAX) {
        if (f->count)
            mt_os_unmap((void *)(uintptr_t)f->code, f->count * sizeof *f->code);
        return i < used ? i : FILTERS_MAX - 1;
    }
    if (i == FILTERS_MAX - 1)
        *f = (struct filter){.kind = NOTHING, .all_threads = true};
    filters[i] = *f;
    __atomic_store_n(&mt_os_filters, i + 1, __ATOMIC_RELEASE);
    return i;
}

struct mt_os_filter mt_os_filter_begins(const void *program, bool all_threads)
{
    struct filter f = {.kind = STRICT};
    if (program)
        f.kind = copy(&f, program) ? PROGRAM : NOTHING;
    uint32_t i = enter(&f);
    struct mt_os_filter was = {i, self.mine >> i & 1, filters[i].all_threads};
    self.mine |= 1ull << i;
    if (all_threads)
        __atomic_store_n(&filters[i].all_threads, true, __ATOMIC_RELEASE);
    return was;
}

void mt_os_filter_failed(struct mt_os_filter was)
{
    if (!was.mine)
        self.mine &= ~(1ull << was.number);
    __atomic_store_n(&filters[was.number].all_threads, was.all_threads, __ATOMIC_RELEASE);
}

void mt_os_filter_thread(void)
{
    uint32_t used = __atomic_load_n(&mt_os_filters, __ATOMIC_ACQUIRE);
    if (self.known)
        return;
    if (used && mt_os_call(SYS_prctl, PR_GET_SECCOMP) != SECCOMP_MODE_DISABLED)
        self.mine = used < 64 ? (1ull << used) - 1 : ~0ull;
    self.known = true;
}

bool mt_os_filtered(void)
{
    return __atomic_load_n(&mt_os_filters, __ATOMIC_RELAXED);
}
