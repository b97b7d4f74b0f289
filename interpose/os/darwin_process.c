/* SPDX-License-Identifier: MIT
 *
 * macOS: the process, its threads, clocks.
 */
#include <crt_externs.h>
#include <errno.h>
#include <mach-o/dyld.h>
#include <mach/mach.h>
#include <mach/thread_switch.h>
#include <pthread.h>
#include <string.h>
#include <sys/sysctl.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"

int mt_os_pid(void)
{
    return getpid();
}

int mt_os_parent(void)
{
    return getppid();
}

/* The system's numbers have 64 bits, but begin anew with the machine. */
int mt_os_tid(void)
{
    uint64_t id = 0;
    pthread_threadid_np(NULL, &id);
    return (int)(id & INT32_MAX);
}

bool mt_os_tid_exists(int tid)
{
    (void)tid;
    return true;
}

void mt_os_thread_name(char name[16])
{
    char whole[64] = ""; /* MAXTHREADNAMESIZE */
    memset(name, 0, 16);
    if (pthread_getname_np(pthread_self(), whole, sizeof whole) == 0)
        memcpy(name, whole, strnlen(whole, 15));
}

/* A Mach trap that gives the processor away, with the lowest priority for a millisecond at most, so that the holder runs whatever
 * its own. There is no public way to sleep on a word before macOS 14. */
bool mt_os_wait(const uint32_t *word, uint32_t value, uint64_t ns)
{
    (void)ns;
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
        thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 1);
    return true;
}

void mt_os_wake(const uint32_t *word)
{
    (void)word;
}

bool mt_os_real_time(void)
{
    return false;
}

bool mt_os_lend(uint32_t *word, uint64_t ns)
{
    (void)word, (void)ns;
    return false;
}

bool mt_os_give_back(uint32_t *word)
{
    (void)word;
    return false;
}

const char *mt_os_variable(const char *name, char *room, size_t bytes)
{
    size_t length = strlen(name);
    char **e = *_NSGetEnviron();
    (void)room, (void)bytes;
    for (; e && *e; e++)
        if (!strncmp(*e, name, length) && (*e)[length] == '=')
            return *e + length + 1;
    return NULL;
}

ssize_t mt_os_arguments(char *to, size_t bytes)
{
    int count = *_NSGetArgc();
    char **arguments = *_NSGetArgv();
    size_t used = 0;
    for (int i = 0; i < count && arguments && arguments[i]; i++) {
        size_t length = strlen(arguments[i]) + 1;
        if (length > bytes - used)
            break;
        memcpy(to + used, arguments[i], length);
        used += length;
    }
    return (ssize_t)used;
}

const char *mt_os_program(void)
{
    static char path[4096];
    return mt_os_program_file(path, sizeof path) ? path : "";
}

size_t mt_os_program_file(char *to, size_t bytes)
{
    uint32_t room = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    return _NSGetExecutablePath(to, &room) == 0 ? strlen(to) : 0;
}

size_t mt_os_mapped_file(uintptr_t address, char *to, size_t bytes)
{
    (void)address, (void)to, (void)bytes;
    return 0;
}

/* In us since 1970. */
uint64_t mt_os_start_ticks(void)
{
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
    struct kinfo_proc info;
    size_t bytes = sizeof info;
    if (sysctl(name, 4, &info, &bytes, NULL, 0) != 0 || bytes < sizeof info)
        return 0;
    return (uint64_t)info.kp_proc.p_starttime.tv_sec * 1000000u +
           (uint64_t)info.kp_proc.p_starttime.tv_usec;
}

uint64_t mt_os_began(void)
{
    return mt_os_start_ticks() * 1000u;
}

/* KERN_PROCARGS2: how many arguments there are, the program's file, padding, the arguments, the variables. */
ssize_t mt_os_parent_variables(char *to, size_t bytes)
{
    int name[] = {CTL_KERN, KERN_PROCARGS2, getppid()}, count = 0;
    size_t got = bytes;
    if (sysctl(name, 3, to, &got, NULL, 0) != 0)
        return -errno;
    if (got < sizeof count)
        return 0;
    memcpy(&count, to, sizeof count);
    size_t at = sizeof count;
    at += strnlen(to + at, got - at);
    while (at < got && !to[at])
        at++;
    for (; count > 0 && at < got; count--)
        at += strnlen(to + at, got - at) + 1;
    if (at >= got)
        return 0;
    memmove(to, to + at, got - at);
    return (ssize_t)(got - at);
}

uintptr_t mt_os_stack_start(void)
{
    return (uintptr_t)pthread_get_stackaddr_np(pthread_self());
}

bool mt_os_alone(void)
{
    return !pthread_is_threaded_np();
}

void mt_os_host(char *name, size_t bytes)
{
    if (gethostname(name, bytes) != 0)
        name[0] = 0;
    name[bytes - 1] = 0;
}

void mt_os_note_user(void)
{
}

bool mt_os_privileged(void)
{
    return issetugid();
}

uint64_t mt_os_mono(void)
{
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

uint64_t mt_os_real(void)
{
    return clock_gettime_nsec_np(CLOCK_REALTIME);
}

uint64_t mt_os_boot(void)
{
    return clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW);
}

uint64_t mt_os_resident(void)
{
    struct mach_task_basic_info info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count) !=
        KERN_SUCCESS)
        return 0;
    return info.resident_size;
}
