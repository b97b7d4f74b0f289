/* SPDX-License-Identifier: MIT
 *
 * What mt_real_init does in the library.
 */
#include "../../interpose/base/newer.h"

__attribute__((constructor)) static void find(void)
{
    mt_newer_init();
}
