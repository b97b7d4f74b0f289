/* SPDX-License-Identifier: MIT
 *
 * Where code and variables of ours lie: for what each event passes.
 */
#ifndef MT_NEAR_H
#define MT_NEAR_H

/* In place of `extern`: a variable that another file of this library defines. The compiler is told that it is in the library,
 * or each use would look its address up first. */
#define MT_EXTERN extern __attribute__((visibility("hidden")))

/* A function that most events pass: the linker puts all of them side by side. */
#define MT_HOT __attribute__((hot))

#endif
