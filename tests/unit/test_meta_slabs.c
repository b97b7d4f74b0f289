/* SPDX-License-Identifier: MIT
 *
 * The same of base/meta_slabs.c, which takes the place of jemalloc on macOS: it is the same on any system.
 */
#include "test_meta.c"
