/* SPDX-License-Identifier: MIT
 *
 * memtrace run: become the program; or, with --check, start it, wait for it, and check its logs.
 */
#include "verbs/run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "fold/family.h"
#include "verbs/compare/check.h"
#include "verbs/verbs.h"

const struct verb_about verb_run_about = {
    .name = "run",
    .of = OF_RUN,
    .program = true,
    .takes = "[--] PROGRAM [ARG...]",
    .intro = "Run a program with libmemtrace.so preloaded. Its children are traced too, each with "
             "a log of its own.\n",
    .end =
        "The library is the one that MEMTRACE_LIBRARY names, else the one beside memtrace or in "
        "../lib.\n\n"
        "Exit status: the program's; 127 when there is no such program, 126 when it cannot be "
        "executed, 2 when it\n"
        "cannot be traced (static, privileged, another architecture or C library) or the usage "
        "is wrong. With --check: the program's where it is not 0, else that of memtrace check.\n",
    .example = "memtrace run -o app.mt ./app --fast && memtrace report app.mt",
};

#define USUAL_NAME "memtrace.%e.%p.mt"

/* ---- the program's logs ---- */

/* Log files. */
struct found {
    char **names;
    size_t count, cap;
};

/* Those in the folder that were written since: logs or not. */
static void find_new(struct found *found, const char *folder, const struct timespec *since)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat info;
        char *path = NULL;
        if (entry->d_name[0] == '.' || asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
            continue;
        if (stat(path, &info) || !S_ISREG(info.st_mode) || info.st_mtim.tv_sec < since->tv_sec) {
            free(path);
            continue;
        }
        found->names = base_room(found->names, &found->cap, found->count + 1, sizeof *found->names);
        found->names[found->count++] = path;
    }
    if (dir)
        closedir(dir);
}

static bool is_of(const struct family *family, size_t index, pid_t pid, uint64_t since)
{
    for (size_t at = index; at != SIZE_MAX; at = family->members[at].parent)
        if (family->members[at].pid == pid && family->members[at].start >= since)
            return family->members[index].own.processes != 0;
    return false;
}

/* Keeps the logs of the process and of those that it started, by name. */
static void keep_family(struct found *found, pid_t pid, const struct timespec *since)
{
    struct family family;
    size_t kept = 0;
    uint64_t start = (uint64_t)since->tv_sec * 1000000000u + (uint64_t)since->tv_nsec;
    family_make(&family, found->names, found->count);
    for (size_t i = 0; i < found->count; i++) {
        if (is_of(&family, i, pid, start))
            found->names[kept++] = found->names[i];
        else
            free(found->names[i]);
    }
    found->count = kept;
    family_free(&family);
}

/* The folder that the pattern's logs are in; NULL after a message: there may be several. To be freed. */
static char *folder_of(const char *pattern)
{
    const char *slash = strrchr(pattern, '/');
    if (!slash)
        return base_copy(".", 1);
    if (!memchr(pattern, '%', (size_t)(slash - pattern)))
        return base_copy(pattern, slash > pattern ? (size_t)(slash - pattern) : 1);
    base_say("run: --check needs logs in one folder: -o %s may name several", pattern);
    return NULL;
}

/* ---- the program ---- */

static volatile sig_atomic_t child;

static void pass_on(int number)
{
    int error = errno;
    if (child > 0)
        kill((pid_t)child, number);
    errno = error;
}

/* Start it and wait: as from waitpid; -1 after a message. The terminal's keys are for it, and other signals are passed on. */
static int wait_for(char **argv, pid_t *pid)
{
    static const int passed[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    int status = -1;
    sigset_t waiting,
        before; /* none may come while there is a child that nothing is passed on to */
    sigfillset(&waiting);
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &waiting, &before);
    *pid = fork();
    if (*pid == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        _exit(run_program(argv));
    }
    if (*pid < 0) {
        base_say("fork: %s", strerror(errno));
        sigprocmask(SIG_SETMASK, &before, NULL);
        return -1;
    }
    child = *pid;
    struct sigaction pass = {.sa_handler = pass_on, .sa_flags = SA_RESTART},
                     ignore = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        sigaction(passed[i], &pass, NULL);
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
    return status;
}

/* End as the program did. */
static int end_like(int status)
{
    struct rlimit none = {0, 0};
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    setrlimit(RLIMIT_CORE, &none); /* it has left one itself */
    signal(WTERMSIG(status), SIG_DFL);
    fflush(NULL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

static int run_checked(struct options *options, struct checking *checking)
{
    struct timespec since;
    struct found found = {0};
    pid_t pid;
    char *folder = folder_of(options->output);
    if (!folder)
        return STATUS_BAD;
    clock_gettime(CLOCK_REALTIME, &since);
    int ended = wait_for(options->logs, &pid), status = STATUS_BAD;
    if (ended != -1) {
        find_new(&found, folder, &since);
        keep_family(&found, pid, &since);
        if (found.count)
            status = check_logs(checking, found.names, found.count, stderr);
        else if (!WIFEXITED(ended) || !WEXITSTATUS(ended))
            base_say("run: no log of the program is in %s", folder);
    }
    for (size_t i = 0; i < found.count; i++)
        free(found.names[i]);
    free(found.names);
    free(folder);
    if (ended != -1 && (!WIFEXITED(ended) || WEXITSTATUS(ended)))
        return end_like(ended);
    return status;
}

/* Options that are for --check alone, without it. */
static bool misses_check(const struct options *options)
{
    bool any = options->max_growth || options->budgets || options->save ||
               options->baseline_count || options->answer_format || options->suppression_count ||
               options->force || options->allow_missing || options->metric != METRICS;
    for (unsigned kind = 0; kind < BUDGETS; kind++)
        any |= options->max[kind] != NULL;
    if (any && !options->check)
        base_say("run: budgets and what belongs to them need --check");
    return any && !options->check;
}

int verb_run(int argc, char **argv)
{
    struct options options;
    struct checking *checking = NULL;
    int status = options_read(&options, &verb_run_about, argc, argv);
    if (status == STATUS_DONE && misses_check(&options))
        status = verb_usage("run");
    if (status == STATUS_DONE && options.check) {
        checking = check_begin(&options, "run --check");
        if (!options.output)
            options.output = USUAL_NAME;
        status = checking ? STATUS_DONE : STATUS_BAD;
    }
    if (status == STATUS_DONE && !run_options(&options))
        status = STATUS_BAD;
    if (status == STATUS_DONE)
        status = checking ? run_checked(&options, checking) : run_program(options.logs);
    if (checking)
        check_free(checking);
    options_free(&options);
    return status;
}
