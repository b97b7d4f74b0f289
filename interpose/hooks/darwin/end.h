/* SPDX-License-Identifier: MIT */
#ifndef MT_DARWIN_END_H
#define MT_DARWIN_END_H

/* What the program has passed to exit; MT_NO_STATUS: it has not called it by way of us. */
extern int mt_exit_status;

#endif
