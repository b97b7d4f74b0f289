/* SPDX-License-Identifier: MIT
 *
 * DHAT's output, file version 2. What the log does not have is 0: the lifetimes, for which no limit is given below which they would
 * count as short (logs of old versions: the number of blocks at the peak, too). The number at a stack's own top is estimated. A stack's top is an upper bound where several threads
 * share it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/base.h"
#include "export/formats.h"
#include "export/words.h"

static uint64_t positive(int64_t value)
{
    return value > 0 ? (uint64_t)value : 0;
}

static void put_stack(FILE *out, const struct profile *profile, uint32_t node)
{
    const char *comma = "";
    fputs("\"fs\":[", out);
    for (uint32_t at = node; at; at = profile->nodes[at].parent) {
        fprintf(out, "%s%" PRIu32, comma, profile->nodes[at].location);
        comma = ",";
    }
    fputs("]}", out);
}

/* How many blocks a stack had at its own top: by their mean size, where that was not at the peak. (0, as if it were not known, would be a
 * mean size of infinity on the viewer's page.) */
static uint64_t top_blocks(const int64_t *own, uint64_t top)
{
    uint64_t count = positive(own[FIGURE_ALLOCATIONS]), total = positive(own[FIGURE_ALLOCATED]);
    if (top == positive(own[FIGURE_PEAK]) && own[FIGURE_PEAK_BLOCKS] > 0)
        return positive(own[FIGURE_PEAK_BLOCKS]);
    double blocks = total ? (double)top / (double)total * (double)count + 0.5 : 0;
    return !top ? 0 : blocks < 1 ? 1 : (uint64_t)blocks;
}

static void put_point(FILE *out, const struct profile *profile, uint32_t node)
{
    const int64_t *own = profile->nodes[node].own;
    uint64_t total = positive(own[FIGURE_ALLOCATED]), peak = positive(own[FIGURE_PEAK]);
    uint64_t end = positive(own[FIGURE_LEAKED]), top = positive(own[FIGURE_TOP]);
    top = top > total ? total : top;
    top = top < peak ? peak : top;
    top = top < end ? end : top;
    fprintf(out,
            "{\"tb\":%" PRIu64 ",\"tbk\":%" PRIu64 ",\"tl\":0,\"mb\":%" PRIu64 ",\"mbk\":%" PRIu64
            ",\"gb\":%" PRIu64 ",\"gbk\":%" PRIu64 ",\"eb\":%" PRIu64 ",\"ebk\":%" PRIu64 ",",
            total, positive(own[FIGURE_ALLOCATIONS]), top, top_blocks(own, top), peak,
            positive(own[FIGURE_PEAK_BLOCKS]), end,
            positive(figure_minus(own[FIGURE_ALLOCATIONS], own[FIGURE_FREES])));
    put_stack(out, profile, node);
}

bool dhat_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    (void)asked;
    const struct profile_process *process = &profile->processes[0];
    bool alone = profile->process_count == 1, any = false;
    uint64_t end = 1, peak = 0;
    for (uint32_t i = 0; i < profile->process_count; i++)
        end = profile->processes[i].duration / 1000 > end ? profile->processes[i].duration / 1000
                                                          : end;
    if (alone)
        peak = process->peak_time / 1000;
    fputs("{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":"
          "false,\"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":-1,\n\"cmd\":",
          out);
    words_json(out, alone ? profile_text(profile, process->command) : "several processes");
    fprintf(out, ",\"pid\":%" PRId32 ",\n\"tg\":%" PRIu64 ",\"te\":%" PRIu64 ",\n\"pps\":[",
            alone ? process->pid : 0, peak, end);
    for (uint32_t node = 1; node < profile->node_count; node++) {
        if (!profile_acts(&profile->nodes[node]))
            continue;
        fputs(any ? ",\n" : "\n", out);
        any = true;
        put_point(out, profile, node);
    }
    fputs("],\n\"ftbl\":[\"[root]\"", out);
    for (uint32_t i = 1; i < profile->location_count; i++) {
        char *text = words_valgrind(profile, &profile->locations[i]);
        fputs(",\n", out);
        words_json(out, text);
        free(text);
    }
    fputs("]}\n", out);
    return true;
}
