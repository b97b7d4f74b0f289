/* SPDX-License-Identifier: MIT
 *
 * macOS: there is no valgrind to tell of a stack.
 */
#include "base/aside.h"

void mt_aside_register(char *low, char *top)
{
    (void)low, (void)top;
}
