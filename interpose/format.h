/* SPDX-License-Identifier: MIT
 *
 * The log: the whole contract between the traced process (interpose/) and the reader (report/).
 * FORMAT.md says the same in words. The reader includes nothing else of interpose/.
 *
 * The log is a set of tables that the traced process keeps mapped MAP_SHARED and updates in place, so the
 * file is complete at any instant. It is a header, then extents; each extent is the next piece of one region:
 *
 *   file:  [header 8 KiB][NODE 16K][COUNTER 16K][FRAME 16K][RECORD 16K]...[NODE 20K][COUNTER 20K]...
 *   a region is the concatenation of its extents in directory order; an entry's index counts from its start
 *
 * All integers are in the byte order and all sizes are in bytes, times in ns, unless said otherwise.
 *
 * When to bump MT_VERSION: whenever a reader of the old version would misread a new file. Fields may be
 * added in reserved space without a bump if zero means "not known".
 */
#ifndef MT_FORMAT_H
#define MT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define MT_MAGIC   "memtrace" /* 8 bytes, no terminator */
#define MT_VERSION 4u
/* An earlier version: a reader reads it, too, and what the tool writes itself (merge, import) is of it. What was another way
 * there has a 2 in its name; all else is as here. (3 was that of no release.) */
#define MT_VERSION_2    2u
#define MT_BYTE_ORDER   0x01020304u
#define MT_HEADER_BYTES 8192u
#define MT_EXTENTS_MAX  448u
/* frames; deeper stacks are cut on the outer side, see MT_FRAME_CUT */
#define MT_DEPTH_MAX 16384u

/* Regions. Entry 0 of NODE, COUNTER, FRAME, THREAD, RUN, STRETCH and FINISH means "none" and is never
 * filled, but for the counters of node 0: see mt_node. */
enum mt_region {
    MT_REGION_NODE = 1,     /* struct mt_node */
    MT_REGION_COUNTER = 2,  /* units of MT_UNIT bytes, of which a record takes several */
    MT_REGION_FRAME = 3,    /* struct mt_frame_entry */
    MT_REGION_RECORD = 4,   /* variable-length mt_record, back to back */
    MT_REGION_THREAD = 5,   /* struct mt_thread_entry */
    MT_REGION_RUN = 6,      /* struct mt_run */
    MT_REGION_TIMELINE = 7, /* struct mt_sample, one extent only */
    /* units of MT_STRETCH_UNIT bytes: struct mt_stretch, of two or more */
    MT_REGION_STRETCH = 8,
    MT_REGION_FINISH = 9, /* struct mt_finish */
    /* version 2 alone: uint32_t, one for each two units of COUNTER: see mt_alloc_2.saved */
    MT_REGION_HELD_2 = 10,
    MT_REGION_COUNT = 11
};
/* Regions up to FINISH have a number of entries in use. HELD_2 has those of COUNTER. */
#define MT_REGION_USED 10

struct mt_extent {
    uint64_t offset; /* in the file */
    uint32_t pages;  /* length in units of 4,096 bytes; 0: slot not used */
    uint32_t region; /* enum mt_region */
};

/* What a block or a mapping is. HEAP, ANON and SHARED make up the level; FILE and RESERVED are kept
 * apart. */
enum mt_class {
    MT_HEAP = 0,
    MT_ANON = 1, /* private anonymous mappings that may be accessed, and the program break */
    /* mappings of memory that other processes may map too: shared anonymous ones, System V's, and shared ones of files that
     * exist in memory only (memfd, /dev/shm). Each process counts what it maps itself. */
    MT_SHARED = 2,
    MT_FILE = 3,     /* all other mappings of files */
    MT_RESERVED = 4, /* what would be ANON or SHARED, were it not PROT_NONE */
    MT_CLASSES = 5
};
#define MT_IN_LEVEL(class) ((class) <= MT_SHARED)

#define MT_START_EXACT 1ull

#define MT_NO_STATUS (-0x7fffffff - 1)
enum mt_end {
    MT_END_UNKNOWN = 0, /* still running, or killed by a signal, or left by _exit */
    MT_END_EXIT = 1,    /* exit() ran; exit_status holds its argument */
    MT_END_EXEC = 2     /* replaced by another program */
};

/* Who wrote the log, if not the process that it is of. Then `origin` tells what its figures are: FORMAT.md, *Logs of other origin*. */
enum mt_origin {
    MT_ORIGIN_PROCESS = 0,
    MT_ORIGIN_MERGED = 1,  /* out of the logs of several processes */
    MT_ORIGIN_IMPORTED = 2 /* out of another program's file */
};

struct mt_class_level {
    uint64_t level; /* live bytes now */
    uint64_t peak;  /* the most it ever was */
};

struct mt_header {
    char magic[8];
    uint32_t version;
    uint32_t header_bytes;
    uint32_t byte_order;
    uint16_t machine;      /* ELF e_machine of the traced program */
    uint16_t pointer_bits; /* 64 */
    int32_t pid;
    int32_t parent_pid;  /* of a fork child, at the fork */
    uint64_t start_real; /* CLOCK_REALTIME at start */
    uint64_t start_mono; /* CLOCK_MONOTONIC at start: the zero of all times below */
    /* field 22 of /proc/PID/stat: tells whether PID is still this process; 0: unknown */
    uint64_t start_ticks;
    uint32_t end;        /* enum mt_end */
    int32_t exit_status; /* with MT_END_EXIT; MT_NO_STATUS: libc does not tell it */
    uint64_t end_time;   /* since start_mono, 0: not ended by exit */

    /* The level and its peak: live bytes of HEAP, ANON and SHARED together. */
    uint64_t level;
    uint64_t peak;      /* since the present period began: see peak_before */
    uint64_t peak_time; /* of the last timeline sample at or after the peak; 0: not known */
    /* bits 0..30: number of finished climbs to a new peak; see mt_alloc.saved_seq. MT_SEQ_FINISHED: the program has finished */
    uint32_t peak_seq;
    /* 1: level == peak now, nothing was released since, so live is what the peak held */
    uint32_t at_peak;
    struct mt_class_level class_level[MT_CLASSES];

    /* Honesty: what is not in the tables. */
    /* events not recorded, for want of memory, or as they came in the middle of another one */
    uint64_t dropped_events;
    uint64_t dropped_bytes;    /* ... bytes of allocations among them */
    uint64_t unknown_releases; /* releases of blocks that were never seen allocated */
    uint64_t cut_stacks;       /* stacks that end in MT_FRAME_CUT */
    uint64_t python_missed;    /* stacks whose Python part could not be read */
    uint32_t flags;            /* MT_FLAG_* */
    uint32_t tick;             /* see mt_alloc.last */

    /* Entries in use, written after the entries themselves; RECORD: bytes; TIMELINE: samples. */
    uint64_t used[MT_REGION_USED];
    uint64_t file_bytes; /* end of the last extent */
    uint32_t extents_used;
    uint32_t sample_events; /* reserved, 0 */

    /* Periods: parts of the process's time, of which the program says where they begin. Stacks of each have roots of
     * their own. The process's peak is the greater of peak and peak_before. */
    uint64_t period_level; /* level when the present period began */
    uint64_t peak_before;  /* highest level of all earlier periods */
    uint32_t period;       /* the present one; 0: the process's first */
    uint32_t reserved_word;
    /* what CPython's allocator of small objects has mapped, now and at most. The objects are counted
     * one by one, as MT_HEAP; their arenas are in no level. In a fork child: its parent's too. */
    uint64_t python_arenas;
    uint64_t python_arenas_peak;
    /* rises of this many bytes or less may not be known of lines with several call sites, see STRETCH */
    uint64_t rise_floor;
    /* When the program finished: the return from main or the call of exit, or where CPython began to finalise. What is
     * released from then on is the work of destructors, finalisers and exit handlers. */
    uint64_t finish_time;  /* since start_mono; 0: not yet, or it ended without them */
    uint64_t finish_level; /* level then */
    uint64_t finish_class[8];
    uint8_t reserved[200];
    /* Name of the machine (or container) when the log was begun, with a NUL; empty: not known. */
    char host[64];
    uint32_t origin;    /* enum mt_origin */
    uint32_t processes; /* that the figures are of; 0: of one */
    /* From here on up to the extents. */
    /* Programs that were executed without the library, as their loader can't load it: by this process, or by a child of it that has no
     * log. How many; 1: the path of the first one is there, or being written (for the writer only); that path, cut at its end,
     * with a NUL. */
    uint32_t untraced;
    uint32_t untraced_claimed;
    char untraced_first[256];
    /* CLOCK_REALTIME when the process began; 0: not known. With MT_START_EXACT as the program's fork ended, without to about
     * 10 ms. */
    uint64_t process_start;
    /* In a fork child: the level that its parent had at the fork, in none of the tables here, and how much of that it has
     * released since, in how many releases. */
    uint64_t inherited;
    uint64_t inherited_released;
    uint64_t inherited_releases;
    struct mt_extent extents[MT_EXTENTS_MAX]; /* at offset 1,024 */
};

/* the disk or a limit was full at some time: node 0 has what happened then at new call sites */
#define MT_FLAG_FULL 1u
/* the tables were written out at exit: no shared mappings on that file system */
#define MT_FLAG_FALLBACK 2u
#define MT_FLAG_PYTHON   4u /* Python frames were read */
/* more than one thread made events: peak_bytes may be off by events under way */
#define MT_FLAG_THREADS 8u
/* A signal handler jumped out of the tracker's own work in the middle of a table: nothing was recorded from then on */
#define MT_FLAG_ENDED 16u
/* Sizes and temporary blocks are counted; mt_alloc.allocs has 31 bits */
#define MT_FLAG_SIZES 32u
/* The program finished, and the records of slack are all there */
#define MT_FLAG_SLACK 64u
/* How many blocks were live at the peak is known; in version 2: HELD is there */
#define MT_FLAG_HELD 128u

/* One frame of the tree of all stacks. A node's index is greater than its parent's. Entries that
 * are not (yet) in use are all zero. The children of 0 are the threads' roots (frame kind
 * MT_FRAME_THREAD), one for each period in which the thread made events.
 *
 * A "run" of a node is a maximal sequence of consecutive events of its thread that all have the
 * node on the stack. It rose by the highest level of the thread in it minus the level before it, or
 * by 0. It is "alone" if it began and ended together with the run of events below the node's
 * parent: if no other child of the parent came up before or after it. */
struct mt_node {
    uint32_t parent;
    union {
        uint32_t frame; /* bits 0..23: index in FRAME; bits 24..31 are for the writer only */
        struct {
            uint8_t frame_low[3], covered;
        };
    };
    /* first unit of this node's counter records in COUNTER, 0: no event ended here. Node 0's are those of all events that no
     * node could be found for, for want of space or memory: they count in all levels and totals. */
    uint32_t counters;
    uint32_t rise;  /* the highest of all closed runs of the node; MT_RISE_HIGH: see there */
    uint32_t alone; /* the highest of those that were alone; the same */
};
#define MT_NODE_FRAME(frame) ((frame)&0xffffffu)
/* It is in the node's record of kind MT_STRETCH_NODE. */
#define MT_RISE_HIGH 0xffffffffu

/* The same of version 2. */
struct mt_node_2 {
    uint32_t parent;
    uint32_t frame;
    uint32_t counters;
    uint32_t covered;
    uint64_t rise;
    uint64_t alone;
};

/* STRETCH: what call sites of one frame did in turns. A line has several call sites where there are several calls on it, and a
 * function has those of all its lines; the tracker does not know which ones belong together. For the children of a node
 * ("sites"), a "stretch" is a sequence of consecutive events of the thread below the node that used the sites of a set and
 * no others, each at least once, between two events that did not: the sites of those came before and after, or none where
 * the event was not below the node, or ended at it. A run of a line whose sites below the node are L is a stretch with a set in
 * L, and with a site before and one after that are not in L.
 *
 * Stretches that end together are one record: when `after` comes up (0: none does), they are those of the most recent site,
 * the two most recent ones, and so on. Stretch i has the sites site[0] to site[i]; before it came site[i + 1], or `before` for
 * the last one. For each, the highest rise of all times with these sites in this order is kept. One site with neither before
 * nor after has no record: that is mt_node.alone.
 *
 * Not recorded are stretches that rose by header.rise_floor or less, those of more sites than fit, and what found no space. Of
 * the latter two, a record of the node tells the most that one may have risen. */
#define MT_STRETCH_SITES 32u
#define MT_STRETCH_UNIT  16u
enum mt_stretch_kind {
    MT_STRETCH_SET = 0,
    /* one stretch of sites that are not known, some of the node's children, neither before nor after */
    MT_STRETCH_ALL = 1,
    /* bounds: no stretch of this node that is in no record rose by more than this, neither one of more sites than MT_STRETCH_SITES ... */
    MT_STRETCH_LARGE = 2,
    MT_STRETCH_LOST = 3, /* ... nor one of fewer */
    /* no stretch: rises of the node itself that are too high for its entry. `count` is 2: rise[0] is for mt_node.rise, rise[1] for mt_node.alone */
    MT_STRETCH_NODE = 4,
    /* a SET, one stretch of which rose by 4 GiB or more. There may be a SET of the same, too */
    MT_STRETCH_HIGH = 5
};
struct mt_stretch {
    uint32_t parent; /* the node; 0: not filled in yet */
    uint32_t before;
    uint32_t after;
    /* of sites; kinds other than SET and HIGH: 1 (NODE: 2), and each site is 0. First written, after kind */
    uint8_t count;
    uint8_t kind; /* enum mt_stretch_kind */
    uint16_t reserved;
    /* uint32_t rise[count] if SET, else uint64_t rise[count]; uint32_t site[count]; */
};
#define MT_STRETCH_UNITS_OF(bytes) (1u + ((bytes) + MT_STRETCH_UNIT - 1) / MT_STRETCH_UNIT)
#define MT_STRETCH_UNITS(kind, count)                                                              \
    MT_STRETCH_UNITS_OF((count) * ((kind) == MT_STRETCH_SET ? 8u : 12u))
/* The same of version 2, where a SET's rises are of 64 bits, too. */
#define MT_STRETCH_UNITS_2(count) MT_STRETCH_UNITS_OF((count)*12u)

/* COUNTER is an array of 8-byte units. A node's records form a chain by their link field, each
 * of its own kind. A kind stands twice if a count overflowed, or was about to: then sum. */
#define MT_UNIT 8u
#define MT_UNIT_2                                                                                  \
    32u /* version 2: mt_alloc_2 and mt_sizes take two, mt_large four, the others one */
enum mt_kind {
    MT_KIND_ALLOC = 1,     /* + class: 1 to 5: struct mt_alloc */
    MT_KIND_RELEASE = 6,   /* + class: 6 to 10: struct mt_release */
    MT_KIND_DISCARD = 11,  /* struct mt_discard */
    MT_KIND_RESIDENT = 12, /* struct mt_resident */
    MT_KIND_SMALL = 13,    /* struct mt_small: of class heap, as are nearly all */
    /* Of the mt_alloc or mt_small right before it in the chain: struct mt_sizes */
    MT_KIND_SIZES = 14,
    MT_KIND_SMALL_RELEASE = 15, /* struct mt_small_release: of class heap */
    /* Version 2 has neither of these two. 13 is there of the last mt_alloc_2 before it in the chain, right behind that or behind
     * its mt_sizes, and 15 is the link of an mt_large. */
    MT_KIND_2_TEMPORARY = 13, /* struct mt_temporary_2 */
    MT_KIND_2_LARGE = 15
};
#define MT_LINK_KIND(link) ((link)&15u)
#define MT_LINK_NEXT(link) ((link) >> 4)

/* Each record begins with its link: kind in bits 0..3, next record's first unit in bits 4..31. */
struct mt_alloc {
    uint32_t link;
    uint32_t allocs;    /* number of allocations in bits 0..30; bit 31: MT_ALLOCS_SIZES */
    uint64_t allocated; /* bytes allocated here */
    /* the last event's place in time: (header.tick << 32) | thread's event number mod 2^32 */
    uint64_t last;
    /* bytes of what was allocated here that anyone released; live = allocated - gone */
    uint64_t gone;
    uint64_t live_peak;  /* the highest live ever was here */
    uint64_t saved;      /* live when saved_seq was written: see there */
    uint64_t level;      /* level of the process after the last event here */
    uint32_t gone_count; /* number of releases of what was allocated here */
    /* Held at the peak: if header.at_peak, live. Else if saved_seq == header.peak_seq in bits 0..30, saved.
     * Else live (nothing changed here since the peak). */
    uint32_t saved_seq;
    uint32_t held; /* the number of blocks that saved is of */
    /* Blocks that were temporary: the thread which allocated one released it within MT_TEMPORARY_EVENTS of its events after that,
     * not by realloc. Mappings are never temporary. */
    uint32_t temporary;
    uint64_t temporary_bytes;
};

/* The same in fewer bytes, which is where nearly all begin: as long as it has at most MT_SMALL_BYTES and MT_SMALL_ALLOCS. With the
 * allocation that is one too much it becomes an mt_alloc: that one is filled in, then link and gone are written at once, so
 * that it is right behind this one in the chain and bit 31 of `gone` is set. From then on the mt_alloc has the record's figures, and this
 * one has none; mt_finish and mt_slack may still have its number. */
struct mt_small {
    uint32_t link;
    uint32_t gone;      /* bytes in bits 0..15, number in bits 16..30; MT_SMALL_MOVED */
    uint16_t allocated; /* as in mt_alloc */
    uint16_t allocs;    /* in bits 0..14; bit 15: MT_SMALL_SIZES */
    uint16_t live_peak;
    uint16_t saved;
    uint64_t last;
    uint32_t level; /* bits 0..31 */
    uint16_t level_high;
    uint16_t held;
    uint32_t saved_seq;
    uint16_t temporary;
    uint16_t temporary_bytes;
};
#define MT_SMALL_MOVED            0x80000000u
#define MT_SMALL_SIZES            0x8000u /* as MT_ALLOCS_SIZES */
#define MT_SMALL_BYTES            0xffffu
#define MT_SMALL_ALLOCS           0x7fffu
#define MT_SMALL_COUNT(allocs)    ((allocs)&MT_SMALL_ALLOCS)
#define MT_SMALL_GONE(gone)       ((gone)&0xffffu)
#define MT_SMALL_GONE_COUNT(gone) ((gone) >> 16 & MT_SMALL_ALLOCS)

/* Version 2. */
struct mt_alloc_2 {
    uint32_t link;
    uint32_t allocs;
    uint64_t allocated;
    uint64_t gone;
    uint64_t live_peak;
    uint64_t
        saved; /* the number of blocks that this was is in HELD_2, at the record's first unit / 2 */
    uint64_t level;
    uint64_t last;
    uint32_t gone_count;
    uint32_t saved_seq;
};
#define MT_SEQ_FINISHED 0x80000000u
/* The sizes of these allocations are of more than one power of two. Else all are of that of allocated / allocs. */
#define MT_ALLOCS_SIZES   0x80000000u
#define MT_ALLOCS(allocs) ((allocs)&0x7fffffffu)

/* What a record had live when the program finished; without one, what it has live now. */
struct mt_finish {
    uint32_t unit; /* of the mt_alloc or mt_small; 0: not filled in yet */
    uint32_t reserved;
    uint64_t live;
};

#define MT_TEMPORARY_EVENTS 8u
/* Version 2. */
struct mt_temporary_2 {
    uint32_t link;
    uint32_t count;
    uint64_t bytes;
    uint64_t reserved[2];
};

/* Numbers of allocations by requested size, made when a second power of two comes up. Of those that came before, the power is known. */
#define MT_SIZES_SMALL 14u
#define MT_SIZES_LARGE 31u
struct mt_sizes {
    uint32_t link;
    uint32_t large; /* first unit of an mt_large, 0: none */
    /* [0]: of 0 to 7 bytes, [i]: of 2^(i + 2) to 2^(i + 3) - 1 */
    uint32_t count[MT_SIZES_SMALL];
};

/* The same of larger ones, where there were any. */
struct mt_large {
    uint32_t link; /* MT_LARGE_LINK; of version 2: MT_KIND_2_LARGE */
    /* [i]: of 2^(i + 16) to 2^(i + 17) - 1 bytes; the last one: and more */
    uint32_t count[MT_SIZES_LARGE];
};

#define MT_LARGE_LINK 0xffffffffu

struct mt_release {
    uint32_t link;
    uint32_t releases;
    uint64_t released; /* bytes released by events with this stack */
    uint64_t level;    /* as in mt_alloc */
    uint64_t last;
};

/* The same in fewer bytes, until one of them is too many: then a second record, an mt_release, goes on. */
struct mt_small_release {
    uint32_t link;
    uint16_t releases;
    uint16_t level_high;
    uint64_t last;
    uint32_t level; /* bits 0..31 */
    uint32_t released;
};

/* Memory that was given back to the system and stays mapped, by madvise: MADV_DONTNEED, MADV_FREE, MADV_REMOVE. It changes
 * no level. */
struct mt_discard {
    uint32_t link;
    uint32_t discards; /* number of calls */
    uint64_t
        discarded; /* bytes, in whole pages; what was discarded before and not touched since counts again */
    uint64_t level; /* as in mt_alloc */
    uint64_t last;
};

struct mt_resident {
    uint32_t link;
    uint32_t reserved;
    int64_t grown;     /* growth of the resident set seen between events here and the next event */
    uint64_t readings; /* how many readings that is the sum of */
    uint64_t reserved2;
};

enum mt_frame_kind {
    /* owner: module id; value: return address - module base. Look up value - 1. */
    MT_FRAME_NATIVE = 1,
    MT_FRAME_PYTHON = 2, /* owner: code id; value: line */
    MT_FRAME_THREAD =
        3, /* owner: thread entry; value: period. Root of that thread's stacks in that period */
    /* frames further out are not known; value: 1 depth limit, 2 unwinding failed */
    MT_FRAME_CUT = 4,
    MT_FRAME_UNKNOWN = 5 /* owner: 0; value: return address in no known module (JIT code) */
};

struct mt_frame_entry {
    uint64_t value;
    uint32_t owner;
    uint32_t kind;
};

/* A slot for threads: used by one thread at a time, then by later ones (started counts them), so
 * that the log is bounded by the number of threads at one time. */
struct mt_thread_entry {
    int32_t tid;   /* of the present or last thread */
    uint32_t root; /* node: the latest one */
    /* node of the last event, 0: no event yet or thread ended (no open runs) */
    uint32_t leaf;
    uint32_t started; /* threads that used this slot */
    char name[16];    /* of the present or last thread, NUL-padded */
    uint64_t events;  /* number of events of all threads in this slot */
    /* bytes allocated minus bytes released by events of this slot (of what is in the level) */
    int64_t level;
    uint32_t runs;      /* first entry in RUN of the open runs */
    uint32_t runs_cap;  /* entries reserved there */
    uint32_t runs_used; /* open runs: of all nodes from root to leaf, outermost first */
    uint32_t alive;     /* 1: the thread runs */
    uint8_t reserved[64];
};

/* Open runs and open stretches, in the order in which they began.
 *
 * An entry is the stretch, below one node, that began after the last event of its child `before`, with the sites that came up since: `first`
 * of the last entry of this depth, and `before` of the entries of this depth behind this one. `before` 0: it began with the
 * first event below the node; where no entry of this depth has that, with the first of the node's own run.
 * The last entry of a depth is also the run of the `frames` nodes on the stack of the thread's last event that began at the same
 * event: those from `node` outward, the outermost of which is `first`, `depth` nodes below the root. The others of that depth have
 * frames 0, or MT_RUN_CUT: that is the oldest one then, and still older ones were dropped, the lowest begin of which is `dropped`.
 *
 * To close all, go from the innermost entry outward: the highest level of one is the highest of its own `max` and of
 * all entries further in. */
struct mt_run {
    int64_t begin; /* level of the thread before the first event */
    int64_t max; /* highest level of the thread while this entry was the innermost, or INT64_MIN */
    union {
        struct {
            uint32_t node;
            uint32_t first;
        };
        int64_t dropped;
    };
    uint32_t before;
    uint16_t depth;
    uint16_t frames;
};
#define MT_RUN_CUT 0xffffu

/* The timeline: at most MT_SAMPLES samples, in the order of time. When full, neighbours are
 * joined. */
#define MT_SAMPLES 512u
struct mt_sample {
    uint64_t time;      /* since start_mono, end of the sample's span */
    uint64_t level;     /* at that time */
    uint64_t level_max; /* highest since the sample before */
    uint64_t resident;  /* resident set at that time, without the tracker's own share */
};

/* Records: variable length, padded with zeros to 8 bytes. */
enum mt_record_kind {
    MT_RECORD_PROCESS = 1,  /* struct mt_record_process */
    MT_RECORD_MODULE = 2,   /* struct mt_record_module */
    MT_RECORD_STRING = 3,   /* struct mt_record_string */
    MT_RECORD_CODE = 4,     /* struct mt_record_code */
    MT_RECORD_NOTE = 5,     /* struct mt_record_note */
    MT_RECORD_LINES = 6,    /* struct mt_record_lines */
    MT_RECORD_SOURCE = 7,   /* struct mt_record_source */
    MT_RECORD_MARK = 8,     /* struct mt_record_mark */
    MT_RECORD_COMMAND = 9,  /* struct mt_record_command */
    MT_RECORD_FILE = 10,    /* struct mt_record_file */
    MT_RECORD_SLACK = 11,   /* struct mt_record_slack */
    MT_RECORD_PLACE = 12,   /* struct mt_record_place */
    MT_RECORD_PROGRAM = 13, /* struct mt_record_program */
    MT_RECORD_LAST = MT_RECORD_PROGRAM
};

struct mt_record {
    uint32_t kind;
    uint32_t bytes; /* of the whole record, a multiple of 8 */
};

struct mt_record_process {
    struct mt_record head;
    uint32_t exe_bytes;  /* path of the executable, no terminator */
    uint32_t cwd_bytes;  /* working directory at start */
    uint32_t argv_bytes; /* arguments, each with its NUL */
    uint32_t reserved;
    /* char exe[], cwd[], argv[] back to back */
};

struct mt_record_module {
    struct mt_record head;
    uint32_t id; /* 1, 2, ... */
    uint32_t build_id_bytes;
    uint64_t base;  /* load bias: run-time address minus the ELF file's virtual address */
    uint64_t start; /* run-time addresses of its mapped range */
    uint64_t end;
    uint32_t path_bytes;
    uint32_t reserved;
    /* uint8_t build_id[]; char path[] back to back */
};

struct mt_record_string {
    struct mt_record head;
    uint32_t id; /* 1, 2, ... */
    uint32_t bytes;
    /* char text[], UTF-8 */
};

/* The line of a Python frame that is being taken down: what its locals held is released, at a return or because an
 * exception leaves it. */
#define MT_LINE_RETURN 0xffffffffu

struct mt_record_code {
    struct mt_record head;
    uint32_t id;         /* 1, 2, ... */
    uint32_t file;       /* string ids */
    uint32_t name;       /* qualified name where the interpreter has one */
    uint32_t first_line; /* of the function: its decorator or def line */
};

/* A code record is of what `python -c` runs: the text among the process's arguments. Much else has the same file,
 * "<string>". */
struct mt_record_command {
    struct mt_record head;
    uint32_t code; /* id of a code record */
    uint32_t reserved;
};

/* Something a person should know, for example "CPython 3.16 is not known: no Python frames". */
struct mt_record_note {
    struct mt_record head;
    uint32_t severity; /* 0 information, 1 warning */
    uint32_t bytes;
    /* char text[], UTF-8 */
};

/* The program said that something begins: a period, or just a name for this instant. */
struct mt_record_mark {
    struct mt_record head;
    uint32_t period; /* that begins here; 0: none, a mark only */
    uint32_t bytes;
    uint64_t time;  /* since start_mono */
    uint64_t level; /* of the process then */
    uint64_t peak;  /* with a period: of the one that ends here */
    /* char name[], UTF-8 */
};

/* The text of a Python file that is in no file: a notebook's cell. */
struct mt_record_source {
    struct mt_record head;
    uint32_t file; /* string id: as in the code records of it */
    uint32_t bytes;
    /* char text[], UTF-8 */
};

/* What a file was when the program was seen to use it, so that a reader can tell whether it has changed since. Of a module or of
 * a Python source file: of one of the two. No record: not known. */
struct mt_record_file {
    struct mt_record head;
    uint32_t module; /* id of a module record, or 0 */
    uint32_t file;   /* string id, as in the code records of it, or 0 */
    uint64_t bytes;
    uint64_t modified; /* ns since 1970 */
    /* of a Python source's bytes, mt_source_hash; 0: not known, or larger than MT_SOURCE_HASHED */
    uint64_t hash;
    /* times that a Python source was met changed: the rest is of the latest. Updated in place */
    uint32_t changes;
    uint32_t reserved;
};
#define MT_SOURCE_HASHED 0x400000u

/* What the blocks of an mt_alloc that were live when the program finished could hold beyond what was asked for. */
struct mt_slack {
    uint32_t
        unit; /* of the mt_alloc or mt_small. Of a small one that has moved there may be one, too: add them up */
    uint32_t blocks; /* how many they were */
    uint64_t bytes;  /* usable less requested, of all of them */
};
/* Several of them. An mt_alloc that is in none of these records had no live blocks, if MT_FLAG_SLACK is set. */
struct mt_record_slack {
    struct mt_record head;
    uint32_t count;
    uint32_t reserved;
    /* struct mt_slack slack[] */
};

/* The names of a native frame that no file tells: its module and value. Several of one frame: the first one is the innermost inlined
 * call, the last one the function that has the code. */
struct mt_record_place {
    struct mt_record head;
    uint32_t module;   /* id of a module record, or 0 */
    uint32_t function; /* string ids; 0: not known */
    uint32_t file;
    uint32_t line; /* 0: not known */
    uint64_t value;
};

/* A program of which there are processes among those that the log was merged of. */
struct mt_record_program {
    struct mt_record head;
    uint32_t processes;
    uint32_t bytes;
    uint64_t peak;  /* the highest of theirs */
    uint64_t first; /* CLOCK_REALTIME: when the first of them began, 0: not known; */
    uint64_t last;  /* the last */
    /* char path[], of the executable */
};

/* The hash of a file's bytes: it begins as their number, then takes up each eight of them as a little-endian number, the last ones
 * filled up with zeros. */
static inline uint64_t mt_source_hash(uint64_t hash, uint64_t eight)
{
    hash = (hash ^ eight) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

/* One line of a function whose line executions are counted: updated in place. */
struct mt_line {
    uint64_t executions;
    uint64_t level; /* of the process when the latest execution began */
    uint64_t last;  /* its place in time, as in mt_alloc.last: an event with the same or a later
                       place came after it */
};

/* Executions of the lines of a function that the user named (MEMTRACE_LINES), one record for each
 * code record of it in each period. There may be several: add them up. */
struct mt_record_lines {
    struct mt_record head;
    uint32_t code;       /* id of a code record */
    uint32_t first_line; /* of lines[1] */
    uint32_t count;      /* of lines */
    uint32_t period;     /* in which they were executed */
    /* struct mt_line lines[]: [0] stands for calls of the function, [i] for line first_line + i - 1
     */
};

_Static_assert(sizeof(struct mt_line) == 24, "format");
_Static_assert(sizeof(struct mt_record_lines) == 24, "format");
_Static_assert(sizeof(struct mt_extent) == 16, "format");
_Static_assert(offsetof(struct mt_header, level) == 72, "format");
_Static_assert(offsetof(struct mt_header, period_level) == 328, "format");
_Static_assert(offsetof(struct mt_header, untraced) == 728, "format");
_Static_assert(offsetof(struct mt_header, process_start) == 992, "format");
_Static_assert(offsetof(struct mt_header, extents) == 1024, "format");
_Static_assert(sizeof(struct mt_header) == MT_HEADER_BYTES, "format");
_Static_assert(sizeof(struct mt_node) == 20, "format");
_Static_assert(sizeof(struct mt_node_2) == 32, "format");
_Static_assert(sizeof(struct mt_alloc) == 80, "format");
_Static_assert(sizeof(struct mt_small) == 40, "format");
_Static_assert(sizeof(struct mt_small_release) == 24, "format");
_Static_assert(offsetof(struct mt_alloc, last) == offsetof(struct mt_small, last), "format");
_Static_assert(sizeof(struct mt_alloc_2) == 2 * MT_UNIT_2, "format");
_Static_assert(sizeof(struct mt_temporary_2) == MT_UNIT_2, "format");
_Static_assert(sizeof(struct mt_sizes) == 2 * MT_UNIT_2, "format");
_Static_assert(sizeof(struct mt_large) == 4 * MT_UNIT_2, "format");
_Static_assert(sizeof(struct mt_release) == MT_UNIT_2, "format");
_Static_assert(sizeof(struct mt_discard) == MT_UNIT_2, "format");
_Static_assert(offsetof(struct mt_discard, discards) == offsetof(struct mt_release, releases),
               "format");
_Static_assert(sizeof(struct mt_resident) == MT_UNIT_2, "format");
_Static_assert(offsetof(struct mt_alloc, link) == 0 && offsetof(struct mt_release, link) == 0,
               "format");
_Static_assert(offsetof(struct mt_alloc, saved_seq) == 60, "format");
_Static_assert(offsetof(struct mt_alloc_2, saved_seq) == 60, "format");
_Static_assert(sizeof(struct mt_frame_entry) == 16, "format");
_Static_assert(sizeof(struct mt_thread_entry) == 128, "format");
_Static_assert(sizeof(struct mt_run) == 32, "format");
_Static_assert(sizeof(struct mt_stretch) == MT_STRETCH_UNIT, "format");
_Static_assert(sizeof(struct mt_finish) == 16, "format");
_Static_assert(sizeof(struct mt_sample) == 32, "format");
_Static_assert(sizeof(struct mt_record_mark) == 40, "format");
_Static_assert(sizeof(struct mt_record_file) == 48, "format");
_Static_assert(offsetof(struct mt_header, host) == 656, "format");
_Static_assert(offsetof(struct mt_header, origin) == 720, "format");
_Static_assert(sizeof(struct mt_record_place) == 32, "format");
_Static_assert(sizeof(struct mt_record_program) == 40, "format");

#endif
