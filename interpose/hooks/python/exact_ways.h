/* SPDX-License-Identifier: MIT
 *
 * Two ways to see lines. False: not possible, and a note says why.
 */
#ifndef MT_PYTHON_EXACT_WAYS_H
#define MT_PYTHON_EXACT_WAYS_H

#include <stdbool.h>
#include <stdint.h>

bool mt_python_exact_monitor(void); /* exact_monitor.c, 3.12 on */
bool mt_python_exact_monitor_watch(void *code, bool on);
bool mt_python_exact_trace(void);     /* exact_trace.c, 3.8 to 3.11 */
void mt_python_exact_trace_end(void); /* calls are as fast again as before */

#endif
