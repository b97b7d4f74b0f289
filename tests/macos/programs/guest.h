/* SPDX-License-Identifier: MIT */
#ifndef GUEST_H
#define GUEST_H

/* Of the library beside the program. */
extern int guest_data[4];
int guest_function(int n);
__attribute__((weak)) int guest_weak(void); /* both define it: the program's counts */
int guest_asks_weak(void);
extern int guest_gone(void) __attribute__((weak_import)); /* nobody defines it at run time */

#endif
