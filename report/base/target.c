/* SPDX-License-Identifier: MIT */
#include "base/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/base.h"

static bool say_error(const char *name)
{
    base_say("%s: %s", name, strerror(errno));
    return false;
}

/* ---- gzip, as a stream ---- */

struct pack {
    gzFile file;
    int error; /* the first one; 0: none. zlib does not try again, so later ones say nothing */
};

static ssize_t pack_write(void *cookie, const char *data, size_t bytes)
{
    struct pack *pack = cookie;
    errno = 0;
    int written = pack->error ? 0 : gzwrite(pack->file, data, (unsigned)bytes);
    if (written > 0 || !bytes)
        return written;
    pack->error = pack->error ? pack->error : errno ? errno : EIO;
    errno = pack->error;
    return 0; /* an error, to fopencookie */
}

static int pack_close(void *cookie)
{
    struct pack *pack = cookie;
    errno = 0;
    bool good = gzclose(pack->file) == Z_OK && !pack->error;
    int error = pack->error ? pack->error : errno ? errno : EIO;
    free(pack);
    if (!good)
        errno = error;
    return good ? 0 : EOF;
}

static FILE *pack_open(int fd)
{
    struct pack *pack = base_alloc(1, sizeof *pack);
    FILE *out = NULL;
    pack->file = gzdopen(fd, "wb6");
    if (pack->file)
        out = fopencookie(pack, "w",
                          (cookie_io_functions_t){.write = pack_write, .close = pack_close});
    if (out)
        return out;
    if (pack->file)
        gzclose(pack->file);
    else
        close(fd);
    free(pack);
    return NULL;
}

/* ---- files ---- */

bool target_open(struct target *target, const char *name, bool gzip)
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
    target->out = gzip ? pack_open(fd) : fdopen(fd, "w");
    return target->out ? true : say_error(name);
}

int target_error(FILE *out)
{
    errno = 0;
    bool failed = fflush(out) || ferror(out);
    int error = errno;
    /* A write that failed before may have said why to nobody: one more byte fails for the same reason. */
    if (failed && !error && fileno(out) >= 0 && write(fileno(out), "", 1) < 0)
        error = errno;
    return !failed ? 0 : error ? error : EIO;
}

/* Close the stream: 0, or why what was written did not all get there. */
static int finish(FILE *out)
{
    int error = target_error(out);
    errno = 0;
    if (fclose(out) && !error)
        error = errno ? errno : EIO;
    return error;
}

bool target_close(struct target *target, bool good)
{
    if (target->out == stdout)
        return good;
    errno = target->out ? finish(target->out) : 0;
    if (errno && good)
        good = say_error(target->name);
    if (target->temporary && good && rename(target->temporary, target->name))
        good = say_error(target->name);
    if (target->temporary && !good)
        unlink(target->temporary);
    free(target->temporary);
    target->temporary = NULL;
    return good;
}
