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

static const char *const acts[] = {"install", "remove", NULL};

const struct verb_about verb_kernel_about = {
    .name = "kernel",
    .of = OF_KERNEL,
    .words = acts,
    .word = "of install and remove",
    .takes = "install|remove",
    .intro = "Add a kernel to Jupyter that is traced, or take it away. Notebooks that use it have "
             "%mprun, "
             "%memit and %%memtrace from the start; other notebooks and Jupyter itself are not "
             "traced.\n",
    .end = "A kernel of the name that memtrace did not make is neither replaced nor removed.\n"
           "What a kernel starts leaves a log of its own if its peak is 1 MiB or more.\n\n"
           "Exit status: 0; 1 when the kernel cannot be added or removed; 2 for wrong usage;\n"
           "127 when there is no such Python.\n",
    .example = "memtrace kernel install --name memtrace",
};

enum { STATUS_MISSING = 127 };

static bool name_fits(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (*name && *name != '.' && strlen(name) <= 100 && !name[strspn(name, letters)])
        return true;
    base_say("kernel: --name takes letters, digits, \".\", \"-\" and \"_\", not '%s'", name);
    return false;
}

static bool act_fits(const struct options *options)
{
    const char *act = options->logs[0];
    if (!strcmp(act, acts[0]) || !strcmp(act, acts[1]))
        return true;
    const char *near = nearest(act, acts, 2);
    base_say("kernel: takes install or remove, not '%s'%s%s%s", act, near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
    return false;
}

static int check(struct options *options)
{
    if (!act_fits(options))
        return verb_usage("kernel");
    options->name = options->name ? options->name : "memtrace";
    options->python = options->python ? options->python : "python3";
    options->output = options->output ? options->output : "";
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

/* Returns where it can't be done. */
static int act(const struct options *options)
{
    char *module = python_folder(), *script = NULL, *place = NULL;
    if (!module)
        return STATUS_BAD;
    if (asprintf(&script, "%s/memtrace/_kernel.py", module) < 0 ||
        asprintf(&place, "%s%s", options->prefix ? options->prefix : "user",
                 options->prefix ? "/share/jupyter" : "") < 0)
        return STATUS_BAD;
    bool install = !strcmp(options->logs[0], acts[0]);
    execlp(options->python, options->python, script, options->logs[0], place, options->name,
           install ? options->output : NULL, NULL);
    base_say("kernel: %s: %s", options->python, strerror(errno));
    free(place);
    free(script);
    free(module);
    return STATUS_MISSING;
}

int verb_kernel(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_kernel_about, argc, argv);
    if (status == STATUS_DONE)
        status = check(&options);
    if (status == STATUS_DONE)
        status = act(&options);
    options_free(&options);
    return status;
}
