/* SPDX-License-Identifier: MIT
 *
 * The same of base/meta_slabs.c.
 */
#include "meta_fork.c"
