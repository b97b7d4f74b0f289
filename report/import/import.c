/* SPDX-License-Identifier: MIT */
#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "read/reader.h"

uint32_t import_root(struct draft *draft, const char *thread, size_t bytes)
{
    uint32_t id = draft_thread(draft, thread, bytes);
    return draft_node(draft, 0, draft_frame(draft, FRAME_THREAD, id, 0));
}

uint32_t import_module(struct draft *draft, const char *path, size_t bytes)
{
    if (!bytes)
        return 0;
    struct draft_module module = {.path = draft_text(draft, path, bytes), .size = UINT32_MAX};
    return draft_module(draft, &module);
}

void import_add(struct draft *draft, uint32_t node, enum log_class class, const struct sums *sums,
                const struct sizes *sizes)
{
    struct log_header *header = &draft->header;
    struct draft_entry *entry = draft_add(draft, node, class, sums);
    if (sizes && sums->allocations)
        draft_sizes(entry, sizes);
    struct sums released = {.released = sums->gone, .releases = sums->gone_count};
    if (sums->gone || sums->gone_count)
        draft_add(draft, 0, class, &released);
    header->class_level[class].level += sums->allocated - sums->gone;
    header->class_level[class].peak += (uint64_t)sums->at_peak;
    if (!class_counts(class))
        return;
    header->level += sums->allocated - sums->gone;
    header->peak += (uint64_t)sums->at_peak;
    draft->thread_sums[1].events += sums->allocations;
    draft->thread_sums[1].level += (int64_t)(sums->allocated - sums->gone);
}

/* The module whose path ends as the program's does. */
static uint32_t program_of(const struct draft *draft, const char *word, size_t bytes)
{
    const char *slash = memrchr(word, '/', bytes);
    const char *name = slash ? slash + 1 : word;
    size_t length = bytes - (size_t)(name - word);
    for (uint32_t id = 1; length && id <= draft->module_count; id++) {
        size_t path_bytes;
        const char *path = once_get(&draft->texts, draft->modules[id].path, &path_bytes);
        if (path_bytes >= length && !memcmp(path + path_bytes - length, name, length) &&
            (path_bytes == length || path[path_bytes - length - 1] == '/'))
            return draft->modules[id].path;
    }
    return 0;
}

void import_command(struct draft *draft, const char *command, size_t bytes)
{
    char *argv = base_copy(command, bytes);
    size_t first = bytes;
    for (size_t i = 0; i < bytes; i++)
        if (argv[i] == ' ') {
            argv[i] = 0;
            first = first < i ? first : i;
        }
    draft->argv = draft_text(draft, argv, bytes + 1); /* the last one has its NUL, too */
    draft->exe = program_of(draft, argv, first);
    const char *slash = memrchr(argv, '/', first);
    draft->header.python = text_starts(slash ? slash + 1 : argv, "python");
    free(argv);
}

bool import_number(const char *text, size_t bytes, size_t *at, unsigned base, uint64_t *value)
{
    size_t begin = *at;
    *value = 0;
    for (; *at < bytes; ++*at) {
        char c = text[*at];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit >= base)
            break;
        if (*value > (UINT64_MAX - digit) / base)
            return false;
        *value = *value * base + digit;
    }
    bool good = *at > begin && (*at == bytes || text[*at] == ' ');
    *at += *at < bytes;
    return good;
}

/* ---- which format ---- */

static bool begins(const char *front, size_t bytes, const char *with, size_t length)
{
    return bytes >= length && !memcmp(front, with, length);
}

static bool refuse(const char *name, const char *front, size_t bytes)
{
    if (begins(front, bytes, "\x04\x22\x4d\x18", 4) || begins(front, bytes, "memray", 7))
        base_say("%s: offset 0: a capture of memray's, which only the memray that wrote it can "
                 "read: 'memray transform csv' makes of it what can be imported",
                 name);
    else if (begins(front, bytes, "memtrace", 8))
        base_say("%s: offset 0: is a log already", name);
    else
        base_say("%s: offset 0: is neither heaptrack's nor DHAT's, nor what 'memray transform csv' "
                 "writes",
                 name);
    return false;
}

bool import_file(struct draft *draft, const char *name)
{
    static const char memray[] = "allocator,num_allocations,size,";
    struct input input;
    size_t bytes = 0, blanks = 0;
    bool good = input_open(&input, name);
    const char *front = good ? input_front(&input, &bytes) : NULL;
    good = good && !input.failed;
    while (blanks < bytes && strchr(" \t\r\n", front[blanks]))
        blanks++;
    draft->header.origin = LOG_IMPORTED;
    if (good && begins(front, bytes, "v ", 2))
        good = heaptrack_import(draft, &input);
    else if (good && blanks < bytes && front[blanks] == '{')
        good = dhat_import(draft, &input);
    else if (good && begins(front, bytes, memray, sizeof memray - 1))
        good = memray_import(draft, &input);
    else if (good)
        good = refuse(name, front, bytes);
    good = good && !input.failed;
    if (good && !draft->header.start_real) { /* what tells it from others */
        uint64_t parts[] = {draft->header.level, draft->header.peak, draft->entry_count,
                            map_hash(name, strlen(name))};
        draft->header.start_ticks = map_hash(parts, sizeof parts) | 1;
    }
    input_close(&input);
    return good;
}
