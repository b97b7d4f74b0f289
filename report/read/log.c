/* SPDX-License-Identifier: MIT */
#include "read/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../interpose/format.h"
#include "base/base.h"
#include "base/text.h"

const char *class_name(unsigned class)
{
    static const char *const names[CLASSES] = {[CLASS_HEAP] = "heap",
                                               [CLASS_ANON] = "anonymous",
                                               [CLASS_SHARED] = "shared",
                                               [CLASS_FILE] = "file",
                                               [CLASS_RESERVED] = "reserved"};
    return names[class];
}

bool log_say_problems(const struct log *log)
{
    for (uint64_t i = 0; i < log->problem_count && i < LOG_PROBLEMS_KEPT; i++)
        if (log->problems[i].offset == LOG_NOWHERE)
            base_say("%s: %s", log->name, log->problems[i].reason);
        else
            base_say("%s: offset %" PRIu64 ": %s", log->name, log->problems[i].offset,
                     log->problems[i].reason);
    if (log->problem_count > LOG_PROBLEMS_KEPT)
        base_say("%s: and %" PRIu64 " more problem%s", log->name,
                 log->problem_count - LOG_PROBLEMS_KEPT,
                 text_s(log->problem_count - LOG_PROBLEMS_KEPT));
    return log->problem_count > 0;
}

/* The argument that is the interpreter's program; empty: it has none. */
static struct log_text script_of(const struct log_text *argv)
{
    bool takes = false; /* the option before takes an argument */
    for (size_t at = 0, length; at < argv->bytes; at += length + 1) {
        const char *one = argv->text + at;
        length = strnlen(one, argv->bytes - at);
        if (length && *one != '-' && at && !takes)
            return (struct log_text){one, (uint32_t)length};
        takes = length == 2 && *one == '-' && (one[1] == 'X' || one[1] == 'W');
        if (length && *one == '-' && one[length - 1] == 'c')
            break; /* its program is in the next one */
    }
    return (struct log_text){0};
}

struct log_text log_called(const struct log *log)
{
    struct log_text called = {0};
    if (log->header.python)
        called = script_of(&log->argv);
    if (!called.bytes)
        called = log->exe;
    if (!called.bytes && log->argv.bytes)
        called =
            (struct log_text){log->argv.text, (uint32_t)strnlen(log->argv.text, log->argv.bytes)};
    const char *slash = called.bytes ? memrchr(called.text, '/', called.bytes) : NULL;
    if (slash && slash + 1 < called.text + called.bytes) {
        called.bytes -= (uint32_t)(slash + 1 - called.text);
        called.text = slash + 1;
    }
    return called;
}

uint64_t log_hash(const void *data, size_t bytes)
{
    uint64_t hash = bytes;
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t eight = 0;
        memcpy(&eight, (const char *)data + i, bytes - i < 8 ? bytes - i : 8);
        hash = mt_source_hash(hash, eight);
    }
    return hash;
}

bool log_running(const struct log *log)
{
    const struct log_header *header = &log->header;
    if (log->pack || header->end != LOG_END_UNKNOWN || header->pid <= 0 || !header->start_ticks)
        return false;
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId32 "/stat", header->pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    char *at = strrchr(text, ')'); /* the command's name may hold blanks and brackets */
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
        if (field == 2 && at && at[1] == 'Z')
            return false;
    }
    return at && strtoull(at, NULL, 10) == header->start_ticks;
}

/* The header has the time of the present period's peak alone. Of an earlier one the samples tell, each of which has the highest level
 * since the one before. */
uint64_t log_peak_time(const struct log *log)
{
    const struct log_header *header = &log->header;
    if (header->peak >= header->peak_before)
        return header->peak_time;
    for (size_t i = 0; i < log->sample_count; i++)
        if (log->samples[i].level_max >= header->peak_before)
            return log->samples[i].time;
    return 0;
}

uint64_t log_ends(const struct log *log)
{
    uint64_t end = log->header.end_time;
    if (log_peak_time(log) > end)
        end = log_peak_time(log);
    if (log->sample_count && log->samples[log->sample_count - 1].time > end)
        end = log->samples[log->sample_count - 1].time;
    for (size_t i = 0; i < log->mark_count; i++)
        if (log->marks[i].time > end)
            end = log->marks[i].time;
    return end ? end : 1;
}

struct log_text log_file_name(struct log_text path)
{
    const char *slash = path.bytes ? memrchr(path.text, '/', path.bytes) : NULL;
    if (!slash)
        return path;
    return (struct log_text){slash + 1, path.bytes - (uint32_t)(slash + 1 - path.text)};
}
