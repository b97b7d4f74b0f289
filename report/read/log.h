/* SPDX-License-Identifier: MIT
 *
 * What a log says, in terms of this program: the log's own records and their layout (interpose/format.h) are known to read/
 * alone, so that a second version of the format touches nothing else. Nothing in a log is trusted: what does not hold is left
 * out and becomes a problem with its offset and reason; what is left can be used without further checks, except where a
 * field says otherwise.
 *
 * Units: sizes and levels in bytes; times in ns since the process's start, unless said otherwise. Texts point into the
 * file's bytes, and are valid until log_close.
 */
#ifndef READ_LOG_H
#define READ_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Text in the file's bytes: no terminator, any bytes. */
struct log_text {
    const char *text;
    uint32_t bytes;
};

/* What a block or mapping is. The first three make up the level. */
enum log_class { CLASS_HEAP, CLASS_ANON, CLASS_SHARED, CLASS_FILE, CLASS_RESERVED, CLASSES };
/* The word for it in tables and JSON. */
const char *class_name(unsigned class);
static inline bool class_counts(unsigned class)
{
    return class <= CLASS_SHARED;
}

#define LOG_NO_STATUS INT32_MIN /* libc did not tell it */
enum log_end {
    LOG_END_UNKNOWN, /* still running, or killed by a signal, or left by _exit */
    LOG_END_EXIT,    /* by exit(exit_status), which may be LOG_NO_STATUS */
    LOG_END_EXEC     /* replaced by another program */
};

/* What a log was made of. Of a merged one, figures are sums, the peak too; rises are the highest of the processes', levels at a
 * line are not known. Of an imported one is not known what the other program does not tell: levels, rises, who released. */
enum log_origin { LOG_OF_PROCESS, LOG_MERGED, LOG_IMPORTED };

struct log_level {
    uint64_t level, peak; /* now; the most it ever was */
    uint64_t live;        /* when the program finished, else now */
};

/* The process: how it began and ended, its level, and what is not in the tables. */
struct log_header {
    int32_t pid, parent_pid;
    struct log_text host;   /* the machine's name; empty: not known */
    uint64_t start_real;    /* of the log, since 1970; 0: not known */
    uint64_t process_start; /* of the process; 0: not known */
    bool start_exact;       /* process_start is; else to about 10 ms */
    /* Of a fork child: what was live in its parent at the fork, in no other figure, and what it has
     * released of that since, in how many releases. */
    uint64_t inherited, inherited_released, inherited_releases;
    uint32_t
        untraced; /* programs that were executed without the library: it is not for their libc or machine */
    struct log_text untraced_first; /* path of the first of them */
    uint64_t start_ticks;           /* field 22 of /proc/PID/stat; 0: not known */
    enum log_end end;
    int32_t exit_status;
    uint64_t end_time; /* 0: not known */

    uint64_t level;       /* now: where the program has finished, after all destructors */
    uint64_t live;        /* when the program finished, else now */
    uint64_t peak;        /* of the present period */
    uint64_t peak_before; /* of all earlier periods */
    uint64_t peak_time;   /* of the peak of the present period: see log_peak_time */
    uint32_t period;      /* the present one; 0: the first */
    struct log_level class_level[CLASSES];

    uint64_t dropped_events;   /* not recorded, for want of space or memory */
    uint64_t dropped_bytes;    /* of the allocations among them */
    uint64_t unknown_releases; /* of blocks that were never seen allocated */
    uint64_t cut_stacks, python_missed;
    uint64_t python_arenas, python_arenas_peak; /* in no level */
    uint64_t rise_floor;                        /* rises up to this may not be known: runs.h */
    bool full;                                  /* the disk or a limit was full at some time */
    bool fallback;                              /* the tables were written when the program ended */
    bool python;                                /* Python frames were read */
    bool finished;        /* main returned, exit was called, or CPython began to finalise */
    bool threads;         /* several threads: the peak may be off by events under way */
    bool sizes;           /* sizes and temporary blocks were counted */
    bool slack;           /* the slack of what was live when the program finished is known */
    bool held;            /* the number of blocks at the peak is known */
    uint64_t finish_time; /* since the start; 0: it has not finished, or it is not known when */
    bool ended;           /* nothing was recorded from some instant on */
    enum log_origin origin;
    uint32_t processes; /* that the figures are of; 0: one */
};

/* What a file was at the run. */
struct log_stamp {
    bool known;
    uint64_t bytes, modified; /* ns since 1970 */
    uint64_t hash;            /* log_hash of all of it; 0: not known */
    uint32_t
        changes; /* times that it changed while the program ran: the others are of the last one */
};

struct log_module {
    bool known; /* false: no record has this id */
    struct log_stamp stamp;
    struct log_text path;
    const unsigned char *build_id;
    uint32_t build_id_bytes;
    uint64_t base, start, end; /* run-time addresses */
};

struct log_code {
    bool known;
    bool command; /* of what `python -c` was given */
    struct log_text file, name;
    uint32_t first_line;
};

/* Executions of the lines of a code object. Line 0 stands for calls of it, line i for line first_line + i - 1 of the file. */
struct log_lines {
    uint32_t code, first_line, count, period;
    const unsigned char *data; /* for log_line */
};
struct log_line {
    uint64_t executions;
    uint64_t level; /* of the process when the latest execution began */
    uint64_t last;  /* its place in time, as in struct sums */
};

/* Source that is in no file. */
struct log_source {
    uint32_t file; /* in log->strings; may be out of range */
    struct log_text text;
};

/* What a Python source file was. */
struct log_file {
    uint32_t file; /* in log->strings; may be out of range */
    struct log_stamp stamp;
};

/* A name of a native frame that stands in the log itself. */
struct log_place {
    uint32_t module; /* may be out of range; 0: none */
    uint64_t value;
    struct log_text function, file;
    uint32_t line; /* 0: not known */
    size_t order;  /* in the log */
};

/* Of a merged log: how many processes were of this program, the highest peak of one, when the first and the last began. */
struct log_program {
    struct log_text path;
    uint32_t processes;
    uint64_t peak, first, last;
};

struct log_note {
    uint32_t severity;
    struct log_text text;
};

/* The program named an instant, or began a period. */
struct log_mark {
    uint32_t period; /* 0: a mark only */
    uint64_t time, level, peak;
    struct log_text name;
};

/* What the blocks of a counter record could hold beyond what was asked for. */
struct log_slack {
    uint32_t unit; /* of the record; may be out of range */
    uint32_t blocks;
    uint64_t bytes;
};

struct log_sample {
    uint64_t time;      /* of the sample */
    uint64_t level;     /* then */
    uint64_t level_max; /* highest since the sample before */
    uint64_t resident;  /* resident set then, without the tracker's own share */
};

enum log_frame_kind {
    FRAME_UNKNOWN, /* code in no known module */
    FRAME_NATIVE,  /* owner: module; value: return address less the module's base */
    FRAME_PYTHON,  /* owner: code; value: line, or LOG_LINE_RETURN */
    FRAME_THREAD,  /* root of a thread's stacks; owner: thread; value: period */
    FRAME_CUT      /* frames further out are not known */
};
/* In place of a line: the Python function's frame is being taken down, "on return". */
#define LOG_LINE_RETURN UINT32_MAX
struct log_frame {
    enum log_frame_kind kind;
    uint32_t owner;
    uint64_t value;
};

#define LOG_NOWHERE UINT64_MAX
struct log_problem {
    uint64_t offset; /* in the file; LOG_NOWHERE: it is about the whole file */
    char reason[160];
};
#define LOG_PROBLEMS_KEPT 4u

struct pack;
struct pack_out;
struct tables; /* the log's own tables: tables.h */

struct log {
    const char *name; /* the file's name, the caller's */
    void *file;       /* the file's bytes when log_read made them */
    /* What a packed file holds beside the log; NULL: it is not packed. */
    struct pack *pack;
    /* The caller's: what is looked up for the log is put down there; NULL: nowhere. */
    struct pack_out *packing;
    struct tables *tables;
    struct log_header header;

    /* Counts include entry 0 where the format has one. */
    uint32_t frame_count;           /* of log_frame */
    struct log_text exe, cwd, argv; /* argv: each argument with its NUL */
    struct log_module *modules;     /* by id */
    size_t module_count;
    struct log_text *strings; /* by id; text NULL: no such string */
    size_t string_count;
    struct log_code *codes; /* by id */
    size_t code_count;
    struct log_source *sources;
    size_t source_count;
    struct log_file *files;
    size_t file_count;
    struct log_lines *lines;
    size_t lines_count;
    struct log_note *notes;
    size_t note_count;
    /* By module and value, those of one frame the innermost first. */
    struct log_place *places;
    size_t place_count;
    struct log_program *programs;
    size_t program_count;
    struct log_mark *marks; /* in the order of time, but for those of several threads */
    size_t mark_count;
    struct log_slack *slacks;
    size_t slack_count;
    struct log_sample *samples; /* in the order of time */
    size_t sample_count;

    bool keeps_tables; /* model_make leaves them, for sizes_add: the caller's */
    bool truncated;    /* the file ends before its tables do */
    uint64_t problem_count;
    struct log_problem problems[LOG_PROBLEMS_KEPT]; /* the first ones */
};

/* Both are tables.c's. Frame `index`, from 1 to log->frame_count - 1. Its owner may be out of range. */
struct log_frame log_frame(const struct log *log, uint32_t index);
/* Line `index`, from 0 to lines->count - 1. */
struct log_line log_line(const struct log_lines *lines, uint32_t index);
/* The process's peak: the header's is the present period's. */
static inline uint64_t log_peak(const struct log *log)
{
    return log->header.peak > log->header.peak_before ? log->header.peak : log->header.peak_before;
}
/* By when that was reached: of an earlier period's to a sample; 0: not known. */
uint64_t log_peak_time(const struct log *log);
/* How long the log goes, ns, at least 1. */
uint64_t log_ends(const struct log *log);
/* The names of a native frame, the innermost first; their number in *count, 0: the log has none. */
const struct log_place *log_places(const struct log *log, uint32_t module, uint64_t value,
                                   size_t *count);
/* Whether the levels of its lines are those of one process, and known. */
static inline bool log_tells_levels(const struct log *log)
{
    return log->header.origin == LOG_OF_PROCESS;
}
/* When the process began; where that is not known, when the log did. */
static inline uint64_t log_began(const struct log *log)
{
    return log->header.process_start ? log->header.process_start : log->header.start_real;
}
/* The hash that stands in a struct log_stamp. */
uint64_t log_hash(const void *data, size_t bytes);
/* What people call the process: without its folders the script or module that an interpreter of Python's was given, else the program.
 * Empty: not known. */
struct log_text log_called(const struct log *log);
/* The last part of a path; empty where it ends in a slash, or is. */
struct log_text log_file_name(struct log_text path);
/* Whether the process that wrote the log is still there: its pid may be another's by now, its start time tells. Asks /proc. */
bool log_running(const struct log *log);
/* Print the problems on standard error: "memtrace: FILE: offset N: reason". True if there were any. */
bool log_say_problems(const struct log *log);

#endif
