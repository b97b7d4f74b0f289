/* SPDX-License-Identifier: MIT
 *
 * Each frame of a log as source places. A place is (file, line, function) of one language; a native
 * frame has several when calls were inlined in it. Places that are the same are one place, whatever
 * frame they come from.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "base/map.h"
#include "read/model.h"
#include "resolve/rank.h"

struct function {
    uint32_t name;                  /* in frames->strings; 0: not known */
    uint32_t file;                  /* 0: not known */
    uint32_t module;                /* native code: index in log->modules, 0: none */
    uint32_t first_line, last_line; /* of its text; 0: not known */
    const char *language;
    enum rank rank;
    bool command; /* its file is no file, but what `python -c` was given */
};

/* In place of a line: what happens while a Python function's frame is taken down, "on return". */
#define PLACE_RETURNS LOG_LINE_RETURN
/* Whether it was left by a tail call wherever it stands: then the debug information tells it, as no stack has it. */
enum tail { TAIL_NEVER, TAIL_ALWAYS, TAIL_AT_TIMES };
struct place {
    uint32_t function; /* index in functions */
    uint32_t line;     /* 0: not known; PLACE_RETURNS */
    enum tail tail;
    uint64_t address; /* where nothing better is known: offset in the module */
};

struct frames {
    const struct log *log;
    struct strings strings;
    struct function *functions;
    size_t function_count, function_cap;
    struct place *places;
    size_t place_count, place_cap;
    /* The places of frame f: place_of[start[f]] up to place_of[start[f + 1] - 1], outermost first.
     * Frames that no node uses and threads' roots have none. From log->frame_count on: frames of the log once more, with
     * functions around them that a tail call took off the stack, and frames of such functions alone. */
    uint32_t *start;
    uint32_t *place_of;
    uint32_t frame_count;
    struct log_frame *more; /* what the frames from log->frame_count on are made of */
    size_t more_cap, start_cap, place_of_cap;
    const char **shorts; /* by file: short.h; of those up to short_count */
    size_t short_count;
    struct map function_index, place_index;
    size_t function_chain_cap, place_chain_cap;
    uint32_t *function_chain, *place_chain;
    unsigned changed_sources; /* changed.h */
    unsigned module_problems; /* modules without symbols or lines that were complained about */
};

/* Whether resolve.h keeps allocator shims (rules.h), which otherwise have no places: what they allocate is their callers'. */
extern bool frames_shims;

/* Frees what resolve.h made. */
void frames_free(struct frames *frames);

/* Number of places of frame `frame`, and them in *places. */
static inline uint32_t frames_places(const struct frames *frames, uint32_t frame,
                                     const uint32_t **places)
{
    *places = frames->place_of + frames->start[frame];
    return frames->start[frame + 1] - frames->start[frame];
}

/* The log's frame that it is, or is made of; frame 0 is of kind FRAME_UNKNOWN. */
static inline struct log_frame frames_of_log(const struct frames *frames, uint32_t frame)
{
    if (!frame)
        return (struct log_frame){.kind = FRAME_UNKNOWN};
    return frame < frames->log->frame_count ? log_frame(frames->log, frame)
                                            : frames->more[frame - frames->log->frame_count];
}

/* Whether a place of frame `frame` is in one of these functions: a byte for each function, not 0 for those. */
static inline bool frames_is_of(const struct frames *frames, uint32_t frame,
                                const unsigned char *functions)
{
    const uint32_t *places;
    uint32_t count = frames_places(frames, frame, &places);
    for (uint32_t k = 0; k < count; k++)
        if (functions[frames->places[places[k]].function])
            return true;
    return false;
}

/* Whose code there is at best: RANK_USER, or a later rank where there is none of a better one. */
enum rank frames_rank(const struct frames *frames);
/* Texts of a place; NULL where not known. */
const char *frames_file(const struct frames *frames, const struct function *function);
const char *frames_name(const struct frames *frames, const struct function *function);
/* As little of the file's path as tells it apart from the others of this log, at least its last component; NULL: not known. */
const char *frames_short(const struct frames *frames, const struct function *function);
/* The module's path, not terminated; bytes 0: none. */
struct log_text frames_module(const struct frames *frames, const struct function *function);

#endif
