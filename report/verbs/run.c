/* SPDX-License-Identifier: MIT
 *
 * Preload the library and become the program. No process is left in between, so that the exit status, signals and the terminal are
 * the program's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/settings.h"
#include "read/reader.h"
#include "verbs/plain_path.h"
#include "verbs/program.h"
#include "verbs/run.h"
#include "verbs/self.h"

#include "../interpose/os/preload.h"

#define CHILDREN_MIN_PEAK "1M"
enum { STATUS_NOT_EXECUTABLE = 126, STATUS_MISSING = 127 };

static bool is_file(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISREG(info.st_mode);
}

/* The library's absolute path in `out`. */
static bool find_library(char out[PATH_MAX])
{
    const char *given = getenv("MEMTRACE_LIBRARY");
    if (given && *given) {
        if (realpath(given, out) && is_file(out))
            return true;
        base_say("MEMTRACE_LIBRARY: %s: %s", given, strerror(errno));
        return false;
    }
    char self[PATH_MAX];
    if (!self_path(self)) {
        base_say("where this command lies is not known (/proc/self/exe: %s); MEMTRACE_LIBRARY can "
                 "name the library",
                 strerror(errno));
        return false;
    }
    *strrchr(self, '/') = 0;
    static const char *const places[] = {"", "/../lib", "/../lib/memtrace"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s%s/" MT_LIBRARY, self, places[i]);
        if (realpath(path, out) && is_file(out))
            return true;
    }
    base_say(MT_LIBRARY
             " is neither beside %s/memtrace nor in ../lib; MEMTRACE_LIBRARY can name it",
             self);
    return false;
}

static bool set_preload(void)
{
    char found[PATH_MAX], library[PATH_MAX];
    if (!find_library(found) || !plain_path(found, library))
        return false;
    const char *others = getenv(MT_PRELOAD);
    char *value = NULL;
    if (asprintf(&value, "%s%s%s", library, others && *others ? ":" : "",
                 others && *others ? others : "") < 0)
        return false;
    setenv(MT_PRELOAD, value, 1);
    free(value);
    return true;
}

/* glibc keeps little static thread-local storage for libraries when LD_AUDIT is set; the library needs more. */
static void make_room_beside_audit(void)
{
    static const char name[] = "glibc.rtld.optional_static_tls";
    const char *tunables = getenv("GLIBC_TUNABLES");
    char *value = NULL;
    if (!getenv("LD_AUDIT") || (tunables && strstr(tunables, name)) ||
        asprintf(&value, "%s%s%s=4096", tunables ? tunables : "", tunables && *tunables ? ":" : "",
                 name) < 0)
        return;
    setenv("GLIBC_TUNABLES", value, 1);
    free(value);
}

/* Make way for the log: an old log of that name goes, anything else stays and is an error. */
static bool make_way(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0 && errno != ELOOP && errno != EACCES) {
        base_say("run: -o %s: %s", name, strerror(errno));
        return false;
    }
    bool is_log = fd >= 0 && log_begins(fd);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (is_log && !unlink(name))
        return true;
    base_say(error == EISDIR ? "run: -o %s: is a folder; name a file in it"
                             : "%s: exists already and is not a memtrace log",
             name);
    return false;
}

/* The library would write to /tmp then; who gave a name wants to know before the program runs. */
static bool check_folder(const char *pattern)
{
    const char *slash = strrchr(pattern, '/');
    if (!slash || memchr(pattern, '%', (size_t)(slash - pattern)))
        return true;
    struct stat info;
    char *folder = base_copy(pattern, slash > pattern ? (size_t)(slash - pattern) : 1);
    int error = stat(folder, &info) ? errno : S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    if (!error && access(folder, W_OK | X_OK))
        error = errno;
    if (error)
        base_say("run: -o %s: %s: %s", pattern, folder, strerror(error));
    free(folder);
    return !error;
}

/* The pattern of -o, absolute: children with other working directories write to the same place. */
static bool set_output(const char *pattern)
{
    if (!*pattern) {
        base_say("run: -o needs a name");
        return false;
    }
    if (!check_folder(pattern))
        return false;
    if (!strchr(pattern, '%') && !make_way(pattern))
        return false;
    char folder[PATH_MAX], whole[3 * PATH_MAX];
    size_t used = 0;
    if (pattern[0] != '/') {
        if (!getcwd(folder, sizeof folder)) {
            base_say("the working directory: %s", strerror(errno));
            return false;
        }
        for (const char *c = folder; *c; c++) {
            if (*c == '%')
                whole[used++] = '%';
            whole[used++] = *c;
        }
        whole[used++] = '/';
    }
    if (used + strlen(pattern) >= 3072) { /* what the library takes */
        base_say("run: the name after -o is too long");
        return false;
    }
    memcpy(whole + used, pattern, strlen(pattern) + 1);
    setenv("MEMTRACE_OUTPUT", whole, 1);
    return true;
}

/* One more name for MEMTRACE_LINES. */
static bool add_lines(const char *name)
{
    const char *before = getenv("MEMTRACE_LINES");
    char *value = NULL;
    if (!*name || strchr(name, ',')) {
        base_say("run: '%s' is not the name of a function", name);
        return false;
    }
    if (asprintf(&value, "%s%s%s", before ? before : "", before && *before ? "," : "", name) < 0)
        return false;
    bool fits = strlen(value) < 2048; /* what the library takes */
    if (fits)
        setenv("MEMTRACE_LINES", value, 1);
    else
        base_say("run: the names after --lines are too long");
    free(value);
    return fits;
}

static bool set_min_peak(const char *size)
{
    if (strspn(size, "0123456789") > 15 || !settings_is_size(size)) {
        base_say("run: --min-peak: '%s' is not " SETTINGS_SIZE, size);
        return false;
    }
    setenv("MEMTRACE_MIN_PEAK", size, 1);
    return true;
}

/* Of what the program starts, processes in which nothing happened leave no log, unless a person says what is worth one. The
 * program itself keeps its number through any exec. */
static void set_children_min_peak(void)
{
    const char *before = getenv("MEMTRACE_MIN_PEAK");
    char value[64];
    if (before && *before && !strchr(before, ',')) /* with a comma: of a `memtrace run` around us */
        return;
    snprintf(value, sizeof value, "%s,%ld", CHILDREN_MIN_PEAK, (long)getpid());
    setenv("MEMTRACE_MIN_PEAK", value, 1);
}

/* The line at exit, of the program that this process becomes, not of its children. */
static void ask_for_summary(void)
{
    const char *before = getenv("MEMTRACE_SUMMARY");
    char pid[32];
    if (before && !strcmp(before, "0"))
        return;
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("MEMTRACE_SUMMARY", pid, 1);
}

/* The path of the program, to be freed; NULL after a message, with the exit status. */
static char *find_program(const char *name, int *status)
{
    char why[1024];
    char *path = program_find(name);
    if (!path) {
        *status = errno == EACCES ? STATUS_NOT_EXECUTABLE : STATUS_MISSING;
        base_say("%s: %s", name, errno == EACCES ? "is not executable" : "no such program");
        return NULL;
    }
    enum program_answer answer = program_check(path, why, sizeof why);
    if (answer == PROGRAM_FINE)
        return path;
    base_say("%s: %s", path, why);
    free(path);
    *status = answer == PROGRAM_MISSING          ? STATUS_MISSING
              : answer == PROGRAM_NOT_EXECUTABLE ? STATUS_NOT_EXECUTABLE
                                                 : STATUS_BAD;
    return NULL;
}

int run_possible(char **argv)
{
    int status = STATUS_DONE;
    char found[PATH_MAX], *path = find_program(argv[0], &status);
    free(path);
    return path && (!find_library(found) || !settings_check()) ? STATUS_BAD : status;
}

int run_program(char **argv)
{
    int status;
    char *path = find_program(argv[0], &status);
    if (!path)
        return status;
    if (!set_preload()) {
        free(path);
        return STATUS_BAD;
    }
    make_room_beside_audit();
    unsetenv("MEMTRACE_UNTRACED");
    set_children_min_peak();
    ask_for_summary();
    execvp(path, argv);
    int error = errno;
    base_say("%s: %s", path, strerror(error));
    free(path);
    return error == ENOENT ? STATUS_MISSING : STATUS_NOT_EXECUTABLE;
}

/* What the options say goes to the library by its environment. */
bool run_options(const struct options *options)
{
    for (size_t i = 0; i < options->name_count; i++)
        if (!add_lines(options->names[i]))
            return false;
    return (!options->min_peak || set_min_peak(options->min_peak)) &&
           (!options->output || set_output(options->output)) && settings_check();
}
