/* SPDX-License-Identifier: MIT
 *
 * A version of the guest's library that has one function more: the guest is linked with it, and runs with the other one.
 */
#include "guest_library.c"

int guest_gone(void)
{
    return 3;
}
