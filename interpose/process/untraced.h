/* SPDX-License-Identifier: MIT
 *
 * Programs that this process, or its children before they exec, started and that cannot be traced:
 * noted for the report, and said at exit. A child has no access to its parent's log, so they are
 * collected in a page that all children of this program image share, until one of the occasions on
 * which the parent looks there. Callable in a child of vfork and in a signal handler: takes no lock,
 * allocates nothing.
 */
#ifndef MT_UNTRACED_H
#define MT_UNTRACED_H

#include <stdbool.h>

#include "os/str.h"

enum mt_untraced {
    MT_TRACED,
    MT_UNTRACED_MACHINE,     /* for another architecture */
    MT_UNTRACED_LIBC,        /* another C library's loader: `detail` */
    MT_UNTRACED_STATIC,      /* statically linked */
    MT_UNTRACED_PRIVILEGED,  /* setuid and the like */
    MT_UNTRACED_ENVIRONMENT, /* the preload is not in its environment */
};

/* At the first start in this program image: make the page. */
void mt_untraced_prepare(void);
/* This library came by LD_PRELOAD, which children inherit. */
extern bool mt_untraced_preloaded;

/* `path` is about to run, or has been started, and is not traced. `detail` goes with the reason, may
 * be "". Any process that shares the page. */
void mt_untraced_add(enum mt_untraced reason, const char *path, const char *detail);

/* Write notes into the log for what was added since the last call; guard set, in the process that
 * owns the log. */
void mt_untraced_tell(void);

/* Append to the line at exit what was not traced, if anything was: "; not traced: ...". */
void mt_untraced_line(struct mt_str *s);
/* What the reason means: fit to stand after the program's name. */
void mt_untraced_reason(struct mt_str *s, enum mt_untraced reason, const char *detail);

#endif
