/* SPDX-License-Identifier: MIT
 *
 * A plugin that forgets: returns how many bytes.
 */
#include <stdlib.h>

size_t plugin_work(void);

size_t plugin_work(void)
{
    void *volatile forgotten = malloc(48); /* PLANTED plugin */
    return forgotten ? 48 : 0;
}
