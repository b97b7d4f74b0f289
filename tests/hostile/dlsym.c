/* SPDX-License-Identifier: MIT
 *
 * A dlsym that allocates, as overlays preload it. Those behind it in the search order are what RTLD_NEXT finds by it.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

void *dlsym(void *restrict handle, const char *restrict name)
{
    static void *(*real)(void *, const char *);
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
    for (unsigned i = 0; !real && i < sizeof versions / sizeof versions[0]; i++)
        *(void **)&real = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    char *copy = strdup(name);
    void *found = real(handle, copy);
    free(copy);
    return found;
}
