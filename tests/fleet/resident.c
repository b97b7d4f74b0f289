/* SPDX-License-Identifier: MIT
 *
 * resident COMMAND...: runs it, and prints the peak of its resident set in kB. A process begins with that of the one that it was forked
 * from, so that a small one has to do it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status = 1;
    pid_t child = argc > 1 ? fork() : -1;
    if (!child) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 1;
    printf("%ld\n", usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
