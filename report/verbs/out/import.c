/* SPDX-License-Identifier: MIT
 *
 * memtrace import: another program's file as a log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "import/import.h"
#include "verbs/out/made.h"
#include "verbs/verbs.h"

const struct verb_about verb_import_about = {
    .name = "import",
    .of = OF_IMPORT,
    .word = "file",
    .takes = "-o LOG FILE",
    .intro =
        "Makes a log of what another profiler recorded, so that the views can be tried on it: "
        "heaptrack's files (plain, gzip or zstd), the JSON of valgrind's DHAT, and what 'memray "
        "transform csv' writes. Which one it is its contents tell.\n\n"
        "Totals are those of the other program. What it does not tell is not known in the log: who "
        "released memory, rises, mem usage at a line; of DHAT also sizes and times; of memray all "
        "but what was live at the peak. memray's own captures can be read by the memray that "
        "wrote them alone.\n",
    .end = "",
    .example = "memtrace import -o app.mt heaptrack.app.4711.zst && memtrace report app.mt",
};

static int import(const struct options *options)
{
    struct draft draft = {0};
    int status = STATUS_BAD;
    if (!made_may_be("import", options->output))
        return STATUS_BAD;
    if (import_file(&draft, options->logs[0]) && made_put(&draft, options->output)) {
        char size[TEXT_SIZE_BYTES];
        if (strcmp(options->output, "-") != 0)
            base_say("%s imported into %s: peak %s", options->logs[0], options->output,
                     text_size(size, (int64_t)draft.header.peak));
        status = STATUS_DONE;
    }
    free(draft.samples);
    draft_free(&draft);
    return status;
}

int verb_import(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_import_about, argc, argv);
    if (status == STATUS_DONE)
        status = import(&options);
    options_free(&options);
    return status;
}
