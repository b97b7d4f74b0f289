/* SPDX-License-Identifier: MIT */
#include "base/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static bool say_error(const char *name)
{
    base_say("%s: %s", name, errno ? strerror(errno) : "it could not be written");
    return false;
}

bool target_open(struct target *target, const char *name)
{
    struct stat info;
    *target = (struct target){.name = name};
    if (!strcmp(name, "-")) {
        target->out = stdout;
        return true;
    }
    bool there = !stat(name, &info);
    if (there && !S_ISREG(info.st_mode)) {
        target->out = fopen(name, "w");
        return target->out ? true : say_error(name);
    }
    size_t length = strlen(name);
    target->temporary = base_alloc(length + 8, 1);
    memcpy(target->temporary, name, length);
    strcpy(target->temporary + length, ".XXXXXX");
    int fd = mkstemp(target->temporary);
    if (fd < 0) {
        say_error(name);
        free(target->temporary);
        target->temporary = NULL;
        return false;
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, there ? info.st_mode & 07777 : 0666 & ~mask);
    target->out = fdopen(fd, "w");
    return target->out ? true : say_error(name);
}

bool target_close(struct target *target, bool good)
{
    if (target->out == stdout)
        return good;
    errno = 0;
    if (target->out) {
        bool failed = fflush(target->out) || ferror(target->out);
        if (failed && good)
            good = say_error(target->name);
        if (fclose(target->out) && good)
            good = say_error(target->name);
    }
    if (target->temporary && good && rename(target->temporary, target->name))
        good = say_error(target->name);
    if (target->temporary && !good)
        unlink(target->temporary);
    free(target->temporary);
    target->temporary = NULL;
    return good;
}
