/* SPDX-License-Identifier: MIT
 *
 * Where the system needs no advice.
 */
#include "base/pages.h"

void pages_advise(void *block, size_t bytes)
{
    (void)block, (void)bytes;
}
