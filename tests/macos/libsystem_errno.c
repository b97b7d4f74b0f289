/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "libsystem.h"

/* Those up to 34 are the same but for EDEADLK's and EAGAIN's. */
static const struct {
    int here, there;
} numbers[] = {
    {EAGAIN, 35},     {EDEADLK, 11},   {EINPROGRESS, 36},  {EALREADY, 37},    {ENOTSOCK, 38},
    {EADDRINUSE, 48}, {ENETDOWN, 50},  {ECONNRESET, 54},   {ENOBUFS, 55},     {EISCONN, 56},
    {ENOTCONN, 57},   {ETIMEDOUT, 60}, {ECONNREFUSED, 61}, {ELOOP, 62},       {ENAMETOOLONG, 63},
    {ENOTEMPTY, 66},  {EDQUOT, 69},    {ESTALE, 70},       {ENOLCK, 77},      {ENOSYS, 78},
    {EOVERFLOW, 84},  {ECANCELED, 89}, {EILSEQ, 92},       {EOPNOTSUPP, 102},
};

int libsystem_errno(int linux_number)
{
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].here == linux_number)
            return numbers[i].there;
    return linux_number;
}

int libsystem_failed(void)
{
    errno = libsystem_errno(errno);
    return -1;
}
