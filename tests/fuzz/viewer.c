/* SPDX-License-Identifier: MIT
 *
 * In place of the page's viewer, which is text of ours alone: what stands around it is fuzzed.
 */
#include "../../report/page/page.h"

const struct viewer page_viewer = {"<title>", "</title>", "<script></script>\n"};
