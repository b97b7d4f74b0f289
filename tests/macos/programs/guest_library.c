/* SPDX-License-Identifier: MIT
 *
 * A library of the guest's own.
 */
#include "guest.h"

#include <stdlib.h>

int guest_data[4] = {1, 2, 3, 4};
static int *inside = &guest_data[2];

int guest_function(int n)
{
    void *volatile block = malloc(1); /* to be seen by what is inserted */
    free(block);
    return n + *inside;
}

int guest_weak(void)
{
    return 1;
}

int guest_asks_weak(void)
{
    return guest_weak();
}
