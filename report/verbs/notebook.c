/* SPDX-License-Identifier: MIT
 *
 * memtrace notebook: Jupyter under memtrace, and with it the kernels that it starts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "verbs/program.h"
#include "verbs/python_folder.h"
#include "verbs/run.h"
#include "verbs/verbs.h"

const struct verb_about verb_notebook_about = {
    .name = "notebook",
    .program = true,
    .takes = "[--] [ARG...]",
    .intro =
        "Start Jupyter under memtrace: jupyter-notebook, or else jupyter-lab. Its kernels are "
        "traced, each "
        "with a log of its own, memtrace.PROGRAM.PID.mt in the notebook's folder, or as "
        "MEMTRACE_OUTPUT "
        "says. %load_ext memtrace in a notebook has %mprun, %memit and %%memtrace, which shows in "
        "the "
        "notebook what a cell took.\n\n"
        "ARG: Jupyter's own options and folders.\n\n"
        "To trace some notebooks only, under a Jupyter that is not traced, see memtrace kernel.\n",
    .end = "Exit status: Jupyter's; 127 when it is not installed.\n",
    .example = "memtrace notebook --no-browser analysis.ipynb",
};

/* The first of these that is installed. */
static const char *const programs[] = {"jupyter-notebook", "jupyter-lab"};
enum { STATUS_MISSING = 127 };

static const char *find_jupyter(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        char *path = program_find(programs[i]);
        free(path);
        if (path)
            return programs[i];
    }
    base_say("notebook: neither jupyter-notebook nor jupyter-lab is in PATH");
    return NULL;
}

/* The module behind what PYTHONPATH has. */
static bool add_module(void)
{
    const char *before = getenv("PYTHONPATH");
    char *folder = python_folder(), *value = NULL;
    bool good = folder && asprintf(&value, "%s%s%s", before ? before : "",
                                   before && *before ? ":" : "", folder) >= 0;
    if (good)
        setenv("PYTHONPATH", value, 1);
    free(value);
    free(folder);
    return good;
}

int verb_notebook(int argc, char **argv)
{
    const char *program = find_jupyter();
    if (!program)
        return STATUS_MISSING;
    if (!add_module())
        return STATUS_BAD;
    int skipped = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;
    char **command = base_alloc((size_t)argc + 2, sizeof *command);
    command[0] = base_copy(program, strlen(program));
    memcpy(command + 1, argv + skipped, (size_t)(argc - skipped) * sizeof *command);
    int status = run_program(command);
    free(command[0]);
    free(command);
    return status;
}
