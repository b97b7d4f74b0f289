/* SPDX-License-Identifier: MIT
 *
 * In place of the viewer, where npm or its packages could not be had when memtrace was built.
 */
#include "page/page.h"

const struct viewer page_viewer = {NULL, NULL, NULL};
