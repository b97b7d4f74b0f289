/* SPDX-License-Identifier: MIT
 *
 * What is loaded. Images are never unloaded. dlopen finds what is there already.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libsystem.h"
#include "loader.h"

static uint32_t count(void)
{
    return image_count;
}

/* Where its first segment is: Mach-O's own header is at its begin. */
static const void *header(uint32_t index)
{
    return index < image_count ? image_at(images[index], images[index]->base, 1) : NULL;
}

static intptr_t slide(uint32_t index)
{
    return index < image_count ? images[index]->slide : 0;
}

static const char *name(uint32_t index)
{
    return index < image_count ? images[index]->path : NULL;
}

typedef void watcher(const void *, intptr_t);

static void watch_added(watcher *f)
{
    for (uint32_t i = 0; i < image_count; i++)
        f(header(i), slide(i));
}

static void watch_removed(watcher *f)
{
    (void)f;
}

static const void *header_of(const void *address)
{
    struct image *image = image_of(address);
    return image ? image_at(image, image->base, 1) : NULL;
}

static const char *path_of(const void *address)
{
    struct image *image = image_of(address);
    return image ? image->path : NULL;
}

/* glibc's struct has the same four members. */
static int mac_dladdr(const void *address, Dl_info *info)
{
    struct image *image = image_of(address);
    if (!image)
        return dladdr(address, info);
    *info = (Dl_info){.dli_fname = image->path, .dli_fbase = (void *)(uintptr_t)header_of(address)};
    const char *symbol = image_nearest(image, address, &info->dli_saddr);
    info->dli_sname = symbol && symbol[0] == '_' ? symbol + 1 : symbol;
    return 1;
}

#define RTLD_NEXT_THERE    ((void *)-1)
#define RTLD_DEFAULT_THERE ((void *)-2)
#define RTLD_SELF_THERE    ((void *)-3)

static void *mac_dlsym(void *handle, const char *wanted)
{
    char whole[512];
    void *found = NULL;
    snprintf(whole, sizeof whole, "_%s", wanted);
    bool any = handle == RTLD_DEFAULT_THERE || handle == RTLD_SELF_THERE;
    for (unsigned i = 0; i < image_count && !found; i++)
        if (any || handle == images[i])
            found = image_export(images[i], whole);
    if (!found && (any || handle == RTLD_NEXT_THERE || handle == (void *)&images))
        found = libsystem_find(whole);
    struct image *caller = image_of(__builtin_return_address(0));
    return caller ? bind_interposed(caller, found) : found;
}

/* The handle of macOS's own library is any address that is not an image's. */
static void *mac_dlopen(const char *path, int mode)
{
    (void)mode;
    if (!path)
        return RTLD_DEFAULT_THERE;
    for (unsigned i = 0; i < image_count; i++)
        if (!strcmp(images[i]->path, path))
            return images[i];
    return strncmp(path, "/usr/lib/", 9) ? NULL : (void *)&images;
}

static int mac_dlclose(void *handle)
{
    (void)handle;
    return 0;
}

static const char *mac_dlerror(void)
{
    return "the tests' loader can't load it";
}

static uint8_t *section_data(const struct macho_header *of, const char *segment,
                             const char *section, unsigned long *bytes)
{
    for (uint32_t i = 0; i < image_count; i++)
        for (unsigned k = 0; header(i) == of && k < images[i]->segment_count; k++) {
            const struct segment *at = &images[i]->segments[k];
            if (strncmp(at->command->name, segment, 16) != 0)
                continue;
            for (uint32_t s = 0; s < at->command->section_count; s++)
                if (!strncmp(at->sections[s].name, section, 16)) {
                    *bytes = at->sections[s].size;
                    return image_at(images[i], at->sections[s].address, *bytes);
                }
        }
    return NULL;
}

static int executable_path(char *out, uint32_t *bytes)
{
    size_t length = strlen(images[0]->path) + 1;
    bool fits = length <= *bytes;
    if (fits)
        memcpy(out, images[0]->path, length);
    *bytes = (uint32_t)length;
    return fits ? 0 : -1;
}

static int *argc_at(void)
{
    return &parameters.argc;
}

static char ***argv_at(void)
{
    return &parameters.argv;
}

static char ***environ_at(void)
{
    extern char **environ;
    return &environ;
}

static const char *program_name(void)
{
    const char *slash = strrchr(images[0]->path, '/');
    return slash ? slash + 1 : images[0]->path;
}

void libsystem_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

const struct adapter libsystem_images[] = {
    {"__dyld_image_count", count},
    {"__dyld_get_image_header", header},
    {"__dyld_get_image_vmaddr_slide", slide},
    {"__dyld_get_image_name", name},
    {"__dyld_register_func_for_add_image", watch_added},
    {"__dyld_register_func_for_remove_image", watch_removed},
    {"_dyld_image_header_containing_address", header_of},
    {"_dyld_image_path_containing_address", path_of},
    {"_dladdr", mac_dladdr},
    {"_dlsym", mac_dlsym},
    {"_dlopen", mac_dlopen},
    {"_dlclose", mac_dlclose},
    {"_dlerror", mac_dlerror},
    {"_getsectiondata", section_data},
    {"__NSGetExecutablePath", executable_path},
    {"__NSGetArgc", argc_at},
    {"__NSGetArgv", argv_at},
    {"__NSGetEnviron", environ_at},
    {"_getprogname", program_name},
    {NULL, NULL},
};
