/* SPDX-License-Identifier: MIT
 *
 * memtrace why: what could be done about it.
 */
#include "advice/advice.h"
#include "base/base.h"
#include "show/family.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_why_about = {
    .name = "why",
    .of = OF_WHY,
    .several = true,
    .intro =
        "Advice in a few sentences, each with the line that it is about and the figures that it "
        "rests on, the most bytes first: what grows steadily and is never given back; blocks that "
        "are given back at once, again and again; blocks that grow by many reallocations; many "
        "small blocks; blocks that can hold much more than was asked for; memory that "
        "the allocator keeps; address space that takes no memory.\n\n"
        "Lines are those of your own code. Where nothing stands out it says so: \"Nothing to "
        "advise.\"\n",
    .end = "",
    .example = "memtrace why memtrace.server.4711.mt",
};

#define TOP    10u
#define SCHEMA "memtrace-why/1"

static int why_one(const struct log_shown *shown)
{
    const struct options *options = shown->options;
    struct stacks stacks;
    if (stacks_open(&stacks, shown->file, (struct periods){0, UINT32_MAX})) {
        struct advices advices;
        advices_make(&advices, &stacks);
        if (shown->json) {
            json_open(shown->json, NULL, '{');
            json_cstring(shown->json, "schema", SCHEMA);
            json_process(&stacks.log, shown->json);
            if (shown->family)
                family_json(shown->family, shown->index, shown->json);
            notes_json(&stacks, NULL, shown->json);
            advices_json(&stacks, &advices, options_top(options, TOP), shown->json);
            json_close(shown->json, '}');
        } else {
            advices_print(&stacks, &advices, options_top(options, TOP), stdout);
        }
        advices_free(&advices);
    }
    int status = stacks_status(&stacks);
    stacks_close(&stacks);
    return status;
}

int verb_why(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_why_about, argc, argv);
    if (status == STATUS_DONE)
        status = logs_each(&options, true, why_one);
    options_free(&options);
    return status;
}
