/* SPDX-License-Identifier: MIT
 *
 * The unwinder in frames that compilers seldom make: no description, in code of a library or of a JIT compiler, with
 * any value in rbp; a frame address based on another register; realigned frames.
 */
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "unwind_check.h"

#define NOINLINE __attribute__((noinline))
#define KEEP(p)  __asm__ volatile("" : : "r"(p) : "memory")

typedef void callback(void);

void frame_chain(callback *call);              /* no description, keeps a frame pointer */
void frame_bare(callback *call);               /* no description, no frame pointer */
void frame_rbp(callback *call, uintptr_t rbp); /* described; calls frame_bare with that in rbp */
void frame_rbx(callback *call);                /* described: frame address from rbx */
void frame_save(callback *call);               /* described: saves rbp and clears it */
extern char frame_chain_end[];

__asm__(
    ".text\n"
    ".type frame_chain, @function\n"
    "frame_chain: push %rbp\n mov %rsp, %rbp\n sub $32, %rsp\n call *%rdi\n leave\n ret\n"
    "frame_chain_end: nop\n"
    ".type frame_bare, @function\n"
    "frame_bare: sub $40, %rsp\n call *%rdi\n add $40, %rsp\n ret\n nop\n"
    ".type frame_rbp, @function\n"
    "frame_rbp: .cfi_startproc\n push %rbp\n .cfi_def_cfa_offset 16\n .cfi_offset rbp, -16\n"
    " mov %rsi, %rbp\n call frame_bare\n pop %rbp\n .cfi_def_cfa_offset 8\n ret\n .cfi_endproc\n"
    ".type frame_save, @function\n"
    "frame_save: .cfi_startproc\n push %rbp\n .cfi_def_cfa_offset 16\n .cfi_offset rbp, -16\n"
    " xor %ebp, %ebp\n call *%rdi\n pop %rbp\n .cfi_def_cfa_offset 8\n ret\n .cfi_endproc\n"
    ".type frame_rbx, @function\n"
    "frame_rbx: .cfi_startproc\n push %rbx\n .cfi_def_cfa_offset 16\n .cfi_offset rbx, -16\n"
    " mov %rsp, %rbx\n .cfi_def_cfa_register rbx\n sub $48, %rsp\n call *%rdi\n mov %rbx, %rsp\n"
    " .cfi_def_cfa_register rsp\n pop %rbx\n .cfi_def_cfa_offset 8\n ret\n .cfi_endproc\n");

/* The stack without the undescribed frame, as the tests know it. */
static uintptr_t plain[64];
static unsigned plain_depth;
static unsigned long chains_checked;

static void event(void)
{
    check_event();
    KEEP(&plain);
}

static void event_alone(void)
{
    check_event_alone();
    KEEP(&plain);
}

static void remember_plain(void)
{
    plain_depth = check_depth();
    for (unsigned i = 0; i < 64; i++)
        plain[i] = check_pc(i);
}

/* Now with the event's own frame and that of the undescribed code further in, called by the same function. */
static void event_chain(void)
{
    check_event();
    CHECK(check_cut() == 0 && check_depth() == plain_depth + 2);
    for (unsigned i = 1; i < 62; i++)
        CHECK(check_pc(i + 2) == plain[i]);
    chains_checked++;
}

NOINLINE static void chains(int depth)
{
    check_event();
    remember_plain();
    frame_chain(event_chain);
    if (depth > 0)
        chains(depth - 1);
    check_event();
    remember_plain();
    frame_chain(event_chain);
    KEEP(&plain);
}

NOINLINE static void jit(int depth)
{
    static char *code;

    if (!code) {
        code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
        CHECK(code != MAP_FAILED);
        memcpy(code, (char *)frame_chain, (size_t)(frame_chain_end - (char *)frame_chain));
    }
    check_event();
    remember_plain();
    ((void (*)(callback *))(void *)code)(event_chain);
    if (depth > 0)
        jit(depth - 1);
    KEEP(&plain);
}

/* Whatever rbp holds, nothing may crash, and the innermost frames are right. */
NOINLINE static void bare(uintptr_t rbp)
{
    for (int i = 0; i < 3; i++) {
        frame_rbp(event_alone, rbp);
        CHECK(check_pc(1) > (uintptr_t)frame_bare && check_pc(1) < (uintptr_t)frame_bare + 16);
        if (rbp == 0)
            CHECK(check_cut() == 0 && check_depth() == 2);
    }
    check_event();
}

static void all_rbp(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    bare(0);
    bare(1);
    bare(8);
    bare(4096);
    bare(~0ul);
    bare(~0ul - 7);
    bare(1ul << 63);
    bare((1ul << 47) - 8);
    for (uintptr_t i = 0; i < 400; i++)
        bare(here + 8 * i);
    for (uintptr_t i = 0; i < 100; i++)
        bare((here | 4095) + 1 - 16 + 4096 * i);
}

/* A made frame whose return address is none: the stack is cut there. What stands in the same frame's place changes. */
NOINLINE static void wild(uintptr_t address, unsigned depth, unsigned cut)
{
    uintptr_t frame[2] = {0, address};

    KEEP(frame);
    for (int i = 0; i < 3; i++) {
        frame_rbp(event_alone, (uintptr_t)frame);
        CHECK(check_depth() == depth && check_cut() == cut);
        CHECK(check_pc(depth - 1) >> 47 == 0);
    }
    KEEP(frame);
}

static void wild_addresses(void)
{
    for (int i = 0; i < 3; i++) {
        wild(~0ul, 2, 2);
        wild(0, 2, 0);
        wild((uintptr_t)frame_bare + 8, 3, 0);
        wild(1ul << 63, 2, 2);
        wild((uintptr_t)frame_chain + 8, 3, 0);
        wild(1ul << 62, 2, 2);
        wild(1ul << 56, 2, 2);
        wild(0, 2, 0);
        wild(4095, 2, 2);
    }
}

/* On a stack with nothing mapped behind its end. */
static ucontext_t home, other;
static char *last_page;

static void on_other_stack(void)
{
    for (uintptr_t i = 0; i < 64; i++)
        bare((uintptr_t)last_page + 4096 - 8 * i);
    chains(3);
    wild_addresses();
    all_rbp();
}

static void small_stack(void)
{
    char *area = mmap(NULL, 32 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(area != MAP_FAILED);
    munmap(area, 4096);
    munmap(area + 31 * 4096, 4096);
    last_page = area + 30 * 4096;
    getcontext(&other);
    other.uc_stack.ss_sp = area + 4096;
    other.uc_stack.ss_size = 30 * 4096;
    other.uc_link = &home;
    makecontext(&other, on_other_stack, 0);
    swapcontext(&home, &other);
    munmap(area + 4096, 30 * 4096);
}

NOINLINE static void other_register(int depth)
{
    unsigned long full = check_full_captures();

    check_event();
    remember_plain();
    frame_rbx(event);
    CHECK(check_depth() == plain_depth + 2 && check_pc(4) == plain[2]);
    CHECK(check_full_captures() == full + 1);
    if (depth > 0)
        other_register(depth - 1);
    check_event();
    KEEP(&plain);
}

__attribute__((force_align_arg_pointer)) NOINLINE static void realigned(int depth)
{
    _Alignas(64) char room[64];
    char *more = __builtin_alloca((size_t)depth * 24 + 8);

    KEEP(room);
    KEEP(more);
    check_event();
    if (depth > 0)
        realigned(depth - 1);
    check_event();
    check_event();
    KEEP(room);
}

/* The frame of `shifted` moves, while its stack pointer and all that is further in stay the same, and the words of the old
 * place are still there: only rbp tells. */
NOINLINE static void shifted(size_t bytes, bool saved)
{
    char *room = __builtin_alloca(bytes);

    KEEP(room);
    if (saved)
        frame_save(event);
    else
        check_event();
    KEEP(room);
}

NOINLINE static void shifting(size_t bytes, bool saved)
{
    char *room = __builtin_alloca(bytes);

    KEEP(room);
    shifted(8192 - bytes, saved);
    KEEP(room);
}

/* The frames inside differ in nothing, `lines` is based on rbp and was called from two lines. */
NOINLINE static void lines(size_t bytes)
{
    char *room = __builtin_alloca(bytes);

    KEEP(room);
    frame_save(event);
    KEEP(room);
}

NOINLINE static void two_lines(size_t bytes)
{
    lines(bytes);
    lines(bytes);
    KEEP(&bytes);
}

static void frame_pointers(void)
{
    unsigned long full = check_full_captures();

    for (size_t i = 0; i < 200; i++) {
        shifting(i % 4 * 1024, false);
        if (i > 100)
            shifting(i % 3 * 1024, false);
    }
    for (size_t i = 0; i < 200; i++) {
        shifting(i % 4 * 1024, true);
        if (i > 100)
            shifting(i % 3 * 1024, true);
    }
    for (size_t i = 0; i < 20; i++)
        two_lines(16 * i);
    CHECK(check_full_captures() == full);
}

/* What passes frames from one stack to another: the same words with another frame pointer. */
NOINLINE static void twice(void (*call)(int), int depth)
{
    call(depth);
    call(depth);
    KEEP(&depth);
}

int main(void)
{
    unsigned long full;

    chains(10);
    jit(10);
    for (int i = 0; i < 20; i++)
        twice(realigned, i);
    all_rbp();
    wild_addresses();
    small_stack();
    full = check_full_captures();
    twice(chains, 4);
    twice(jit, 4);
    twice(realigned, 4);
    CHECK(check_full_captures() == full);
    frame_pointers();
    other_register(5);
    CHECK(chains_checked > 60);
    return check_done();
}
