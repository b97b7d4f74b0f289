// SPDX-License-Identifier: MIT
// bad_alloc out of tcmalloc's own operator new: what comes after it is seen.
#include <new>

#include <gperftools/tcmalloc.h>

#include "own.h"

int main()
{
    for (int i = 0; i < 100; i++) {
        bool caught = false;
        try {
            volatile size_t huge = (size_t)1 << 62;
            took(tc_new(huge), huge);
        } catch (const std::bad_alloc &) {
            caught = true;
        }
        CHECK(caught);
        tc_delete(gone(took(tc_new(1000), 1000)));
        took(malloc(10), 10);
    }
    return tell();
}
