/* SPDX-License-Identifier: MIT
 *
 * Whether os/linux_call.c knows what the kernel will do: filters made at random, whose result is an error that they compute from the
 * call's arguments, are run by both. Prints its seed; an argument is another one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../interpose/os/linux_call.c" /* what it has of its own */

#define FILTERS 150
#define BODY    40
#define TRIED   SYS_getpgid

static uint32_t number(uint32_t below)
{
    return (uint32_t)random() % below;
}

static uint32_t word(void)
{
    static const uint32_t odd[] = {0, 1, 2, 31, 0x7fffffff, 0x80000000u, 0xffffffffu};
    return number(4) ? (uint32_t)random() << 1 | number(2) : odd[number(sizeof odd / sizeof *odd)];
}

static struct sock_filter arithmetic(void)
{
    static const uint16_t operations[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
                                          BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG};
    uint16_t operation = operations[number(10)];
    if (operation == BPF_NEG)
        return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_NEG, 0);
    bool shift = operation == BPF_LSH || operation == BPF_RSH;
    if (number(2) && !shift)
        return (struct sock_filter)BPF_STMT(BPF_ALU | operation | BPF_X, 0);
    return (struct sock_filter)BPF_STMT(BPF_ALU | operation | BPF_K,
                                        shift ? number(32) : word() | (operation == BPF_DIV));
}

/* One of the instructions that a filter may have; `left` follow. */
static struct sock_filter instruction(uint32_t left)
{
    static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
    uint32_t most = left < 6 ? left : 6;
    switch (number(10)) {
    case 0:
        return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number(16) * 4);
    case 1:
        return (struct sock_filter)BPF_STMT(number(2) ? BPF_LD | BPF_IMM : BPF_LDX | BPF_IMM,
                                            word());
    case 2:
        return (struct sock_filter)BPF_STMT(number(2) ? BPF_LD | BPF_MEM : BPF_LDX | BPF_MEM,
                                            number(4));
    case 3:
        return (struct sock_filter)BPF_STMT(number(2) ? BPF_ST : BPF_STX, number(4));
    case 4:
        return (struct sock_filter)BPF_STMT(BPF_MISC | (number(2) ? BPF_TAX : BPF_TXA), 0);
    case 5:
        return (struct sock_filter)BPF_JUMP(BPF_JMP | jumps[number(4)] |
                                                (number(2) ? BPF_X : BPF_K),
                                            word(), (uint8_t)number(most), (uint8_t)number(most));
    case 6:
        return number(3) ? (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)
                         : (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, number(most));
    default:
        return arithmetic();
    }
}

/* All calls pass but one, whose error is what the body leaves in A. */
static uint16_t make(struct sock_filter *f)
{
    uint16_t n = 0;
    f[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRIED, 1, 0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for (uint32_t i = 0; i < 4; i++) /* the kernel wants every word written before it is read */
        f[n++] = (struct sock_filter)BPF_STMT(BPF_ST, i);
    for (uint32_t i = 0; i < BODY; i++)
        f[n++] = instruction(BODY - i);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
    return n;
}

/* What the kernel does with the call: its error, 0, or -1: the end, -2: there are no filters. */
static int kernel(const struct sock_fprog *program, const long a[6])
{
    int result[2] = {-1, 0}, ends[2];
    if (pipe(ends) != 0)
        exit(2);
    pid_t child = fork();
    if (!child) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0)
            _exit(77);
        result[0] = mt_os_raw(TRIED, a[0], a[1], a[2], a[3], a[4], a[5]) == -1 ? errno : 0;
        _exit(write(ends[1], result, sizeof *result) != sizeof *result);
    }
    int status;
    waitpid(child, &status, 0);
    close(ends[1]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        result[0] = -2;
    else if (read(ends[0], result, sizeof *result) != sizeof *result)
        result[0] = -1;
    close(ends[0]);
    return result[0];
}

static int ours(const struct sock_filter *f, uint16_t count, const long a[6])
{
    struct machine m = {
        .data = {.nr = TRIED, .arch = ARCH, .instruction_pointer = (uintptr_t)mt_os_raw}};
    struct filter filter = {.kind = PROGRAM, .code = f, .count = count};
    for (unsigned i = 0; i < 6; i++)
        m.data.args[i] = (uint64_t)a[i];
    uint32_t action = run(&filter, &m);
    return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO
               ? (int)(action & SECCOMP_RET_DATA)
               : -1;
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : (unsigned)time(NULL) ^ (unsigned)getpid();
    unsigned wrong = 0, compared = 0, ended = 0;
    printf("seed %u\n", seed);
    fflush(stdout);
    srandom(seed);
    for (unsigned i = 0; i < FILTERS; i++) {
        struct sock_filter f[BODY + 16];
        struct sock_fprog program = {make(f), f};
        long a[6];
        for (unsigned k = 0; k < 6; k++)
            a[k] = (long)((uint64_t)word() << 32 | word());
        int expected = kernel(&program, a), found = ours(f, program.len, a);
        if (expected == -2) {
            puts("no filters here");
            return 77;
        }
        compared++;
        ended += expected == -1;
        /* where the instruction pointer counts, it is only near */
        if (expected != found) {
            bool reads_ip = false;
            for (unsigned k = 0; k < program.len; k++)
                reads_ip |=
                    f[k].code == (BPF_LD | BPF_W | BPF_ABS) && (f[k].k == 8 || f[k].k == 12);
            wrong += !reads_ip;
            if (!reads_ip)
                printf("filter %u: the kernel %d, here %d\n", i, expected, found);
        }
    }
    printf("%u filters compared, %u wrong; %u ended the process\n", compared, wrong, ended);
    return wrong || compared < FILTERS || ended > FILTERS / 2;
}
