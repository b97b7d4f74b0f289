/* SPDX-License-Identifier: MIT
 *
 * memtrace kernel: a kernel of Jupyter that is traced. What is written and run is the Python module's (python/memtrace/_kernel.py).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/nearest.h"
#include "verbs/python_folder.h"
#include "verbs/verbs.h"

const char verb_kernel_help[] =
    "usage: memtrace kernel install [--user|--prefix DIR] [--name NAME]\n"
    "                               [--python PROGRAM] [-o LOG]\n"
    "       memtrace kernel remove [--user|--prefix DIR] [--name NAME]\n\n"
    "Add a kernel to Jupyter that is traced, or take it away. Notebooks that use it\n"
    "have %mprun, %memit and %%memtrace from the start; other notebooks and Jupyter\n"
    "itself are not traced.\n\n"
    "      --user            for this user (the default)\n"
    "      --prefix DIR      in DIR/share/jupyter, such as a virtual environment's\n"
    "                        folder\n"
    "      --name NAME       the kernel's name (memtrace): letters, digits, \".\", \"-\"\n"
    "                        and \"_\"\n"
    "      --python PROGRAM  its Python, which must have ipykernel (python3)\n"
    "  -o, --output LOG      name of the kernels' logs; %p becomes the pid, %e the\n"
    "                        program's name. Without it: memtrace.%e.%p.mt in the\n"
    "                        notebook's folder\n\n"
    "A kernel of the name that memtrace did not make is neither replaced nor removed.\n"
    "What a kernel starts leaves a log of its own if its peak is 1 MiB or more.\n\n"
    "Exit status: 0; 1 when the kernel cannot be added or removed; 2 for wrong usage;\n"
    "127 when there is no such Python.\n\n"
    "example:\n"
    "  memtrace kernel install --name memtrace\n";

enum { STATUS_MISSING = 127 };

struct kernel_options {
    const char *act; /* install or remove */
    const char *prefix, *name, *python, *output;
    bool user;
};

static bool name_fits(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (*name && *name != '.' && strlen(name) <= 100 && !name[strspn(name, letters)])
        return true;
    base_say("kernel: --name takes letters, digits, \".\", \"-\" and \"_\", not '%s'", name);
    return false;
}

static int take(struct kernel_options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        {"user", no_argument, NULL, 'u'},         {"prefix", required_argument, NULL, 'p'},
        {"name", required_argument, NULL, 'n'},   {"python", required_argument, NULL, 'y'},
        {"output", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:", longs, NULL)) != -1) {
        switch (option) {
        case 'u':
            options->user = true;
            break;
        case 'p':
            options->prefix = optarg;
            break;
        case 'n':
            options->name = optarg;
            break;
        case 'y':
            options->python = optarg;
            break;
        case 'o':
            options->output = optarg;
            break;
        default:
            return options_refuse("kernel", option, argv, longs);
        }
    }
    return STATUS_DONE;
}

static int read_options(struct kernel_options *options, int argc, char **argv)
{
    static const char *const acts[] = {"install", "remove"};
    if (take(options, argc, argv) != STATUS_DONE)
        return STATUS_BAD;
    if (optind + 1 != argc) {
        base_say(optind == argc ? "kernel: install or remove?" : "kernel: what is '%s'?",
                 argv[argc - 1]);
        return verb_usage("kernel");
    }
    options->act = argv[optind];
    if (strcmp(options->act, acts[0]) != 0 && strcmp(options->act, acts[1]) != 0) {
        const char *near = nearest(options->act, acts, 2);
        base_say("kernel: takes install or remove, not '%s'%s%s%s", options->act,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return verb_usage("kernel");
    }
    if (options->user && options->prefix) {
        base_say("kernel: --user and --prefix are two places; one will do");
        return STATUS_BAD;
    }
    if (options->prefix && !*options->prefix) {
        base_say("kernel: --prefix needs a folder");
        return STATUS_BAD;
    }
    return name_fits(options->name) ? STATUS_DONE : STATUS_BAD;
}

int verb_kernel(int argc, char **argv)
{
    struct kernel_options options = {.name = "memtrace", .python = "python3", .output = ""};
    char *module, *script = NULL, *place = NULL;
    if (read_options(&options, argc, argv) != STATUS_DONE || !(module = python_folder()))
        return STATUS_BAD;
    if (asprintf(&script, "%s/memtrace/_kernel.py", module) < 0 ||
        asprintf(&place, "%s%s", options.prefix ? options.prefix : "user",
                 options.prefix ? "/share/jupyter" : "") < 0)
        return STATUS_BAD;
    bool install = !strcmp(options.act, "install");
    execlp(options.python, options.python, script, options.act, place, options.name,
           install ? options.output : NULL, NULL);
    base_say("kernel: %s: %s", options.python, strerror(errno));
    free(place);
    free(script);
    free(module);
    return STATUS_MISSING;
}
