/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos.h"

#define ROOM (1 << 20)
#define HEAD                                                                                       \
    16 /* bytes used; flags: 1: one arena for all threads, so that the size of the process does not hang on chance */

__thread char chaos_tag[128];
__thread int chaos_made;
__thread volatile int calm;
char chaos_self[4096], chaos_file[4096], chaos_top[4096];
int chaos_background;

static char *told;

static const struct {
    const char *name;
    void (*run)(const struct step *);
} steps[] = {
#define X(name) {#name, step_##name},
#include "steps.def"
#undef X
};

void tell(const char *format, ...)
{
    char line[512];
    int have = snprintf(line, sizeof line, "%s ", chaos_tag);
    va_list values;
    va_start(values, format);
    have += vsnprintf(line + have, sizeof line - (size_t)have - 1, format, values);
    va_end(values);
    if (have > (int)sizeof line - 2)
        have = (int)sizeof line - 2;
    line[have++] = '\n';
    uint64_t at = __atomic_fetch_add((uint64_t *)told, (uint64_t)have, __ATOMIC_RELAXED);
    if (at + (uint64_t)have + HEAD <= ROOM)
        memcpy(told + HEAD + at, line, (size_t)have);
}

const char *error_name(int error)
{
    static __thread char rare[16];
    const char *name = strerrorname_np(error); /* a constant: neither locale nor allocation */
    if (name)
        return name;
    snprintf(rare, sizeof rare, "%d", error);
    return rare;
}

void tell_result(const char *name, long value)
{
    if (value < 0)
        tell("%s: %s", name, error_name(errno));
    else
        tell("%s: %ld", name, value);
}

void next_tag(char tag[128])
{
    snprintf(tag, 128, "%.100s.%d", chaos_tag, ++chaos_made);
}

void be(const char *tag)
{
    memmove(chaos_tag, tag, strlen(tag) + 1);
    chaos_made = 0;
}

/* The step at `list`; how many words it has. */
static int one_step(char **list, int length)
{
    struct step step = {.list = list + 1};
    char *word = list[0];
    size_t name = strcspn(word, "=["), size = strlen(word);
    int words = 1;
    if (word[name] == '=')
        step.n = strtol(word + name + 1, NULL, 10);
    if (word[size - 1] == '[') {
        int depth = 1;
        for (; words < length; words++) {
            depth += list[words][strlen(list[words]) - 1] == '[';
            depth -= !strcmp(list[words], "]");
            if (!depth)
                break;
        }
        step.length = words - 1;
        words++;
    }
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strlen(steps[i].name) == name && !strncmp(steps[i].name, word, name)) {
            steps[i].run(&step);
            return words;
        }
    tell("no such step: %s", word);
    return words;
}

void do_steps(char **list, int length)
{
    for (int at = 0; at < length;)
        at += one_step(list + at, length - at);
}

char **command_of(char *tag, const struct step *step)
{
    static char *command[260]; /* one thread at a time is here */
    int n = 0;
    command[n++] = chaos_self;
    command[n++] = chaos_file;
    command[n++] = tag;
    for (int i = 0; i < step->length && n < 258; i++)
        command[n++] = step->list[i];
    command[n] = NULL;
    return command;
}

void reap(const char *what, pid_t child)
{
    int status = 0;
    pid_t got;
    if (child < 0) {
        tell("%s: %s", what, error_name(errno));
        return;
    }
    do
        got = waitpid(child, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        tell("%s: lost: %s", what, error_name(errno));
    else if (WIFEXITED(status))
        tell("%s: exit %d", what, WEXITSTATUS(status));
    else
        tell("%s: signal %d", what, WTERMSIG(status));
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 99;
    ssize_t n = readlink("/proc/self/exe", chaos_self, sizeof chaos_self - 1);
    if (n < 0)
        return 98;
    strncpy(chaos_file, argv[1], sizeof chaos_file - 1);
    strcpy(chaos_top, chaos_file);
    *strrchr(chaos_top, '/') = '\0';
    int fd = open(chaos_file, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return 97;
    told = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (told == MAP_FAILED)
        return 96;
    if (told[8] & 1)
        mallopt(M_ARENA_MAX, 1);
    be(argv[2]);
    do_steps(argv + 3, argc - 3);
    step_face(&(struct step){0});
    return 0;
}
