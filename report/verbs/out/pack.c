/* SPDX-License-Identifier: MIT
 *
 * memtrace pack: a log with all that is looked up for it elsewhere, in one compressed file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"
#include "base/target.h"
#include "pack/pack.h"
#include "read/model.h"
#include "read/reader.h"
#include "resolve/resolve.h"
#include "resolve/source_log.h"
#include "resolve/source_of.h"
#include "verbs/verbs.h"

const struct verb_about verb_pack_about = {
    .name = "pack",
    .of = OF_PACK,
    .several = true,
    .takes = "LOG [-o LOG.mtz]",
    .intro =
        "Writes a log into one compressed file, together with what is looked up for it on this "
        "machine: functions, lines, inlined calls and the text of the source files. Each verb "
        "reads that file as it reads the log, and shows the same where neither the program nor "
        "its source is. Of several logs, or a folder of them, each becomes a file.\n\n"
        "The file has source text in it, unless --no-source is given.\n",
    .end = "",
    .example = "memtrace pack memtrace.app.4711.mt -o app.mtz",
};

/* The log's bytes as they are; false after a message. */
static bool add_log(struct pack_out *out, const char *name)
{
    struct stat info;
    int fd = file_open(AT_FDCWD, name, &info);
    size_t bytes = fd < 0 ? 0 : (size_t)info.st_size;
    char *data = fd < 0 ? NULL : malloc(bytes + 1);
    bool whole = data && file_read(fd, data, bytes) == bytes;
    if (whole)
        pack_add(out, PACK_LOG, "", data, bytes);
    else
        base_say("%s: cannot be read: %s", name, strerror(errno ? errno : ENOMEM));
    free(data);
    if (fd >= 0)
        close(fd);
    return whole;
}

/* The files of all functions that any view may name. */
static void add_sources(struct pack_out *out, const struct log *log, const struct frames *frames,
                        bool texts)
{
    struct sources sources = {0};
    sources_of_log(&sources, log);
    for (size_t f = 0; f < frames->function_count; f++)
        source_of_changed(&sources, frames, &frames->functions[f]);
    for (size_t c = 0; c < log->code_count; c++) {
        const struct log_text *file = &log->codes[c].file;
        char *path = base_copy(file->text ? file->text : "", file->bytes);
        if (*path)
            sources_get(&sources, path);
        free(path);
    }
    sources_pack(&sources, out, texts);
    sources_free(&sources);
}

/* May this log be packed? False after a message. */
static bool may(const struct log *log)
{
    if (log->pack)
        base_say("%s: is packed already", log->name);
    else if (log_running(log))
        base_say("%s: is still being written: pack it when the program has ended", log->name);
    else
        return true;
    return false;
}

/* Fill `out` from the log. */
static int gather(struct pack_out *out, const char *name, bool texts)
{
    struct log log;
    struct model model = {0};
    struct frames frames = {0};
    bool read = log_read(&log, name);
    int status = read && may(&log) && add_log(out, name) ? STATUS_DONE : STATUS_BAD;
    if (status == STATUS_DONE) {
        log.packing = out;
        model_make(&model, &log, ALL_PERIODS);
        frames_make(&frames, &model);
        add_sources(out, &log, &frames, texts);
    }
    if (log_say_problems(&log))
        status = STATUS_BAD;
    frames_free(&frames);
    model_free(&model);
    log_close(&log);
    return status;
}

static int pack_log(const char *name, const char *output, bool texts)
{
    struct pack_out out = {0};
    struct target target;
    if (strcmp(output, "-") && log_is(output)) {
        int fd = open(output, O_RDONLY | O_CLOEXEC);
        bool packed = fd >= 0 && pack_begins(fd);
        if (fd >= 0)
            close(fd);
        if (!packed) {
            base_say("%s: is a log: it is not overwritten", output);
            return STATUS_BAD;
        }
    }
    int status = gather(&out, name, texts);
    if (out.names.count) { /* a damaged log is packed as far as it can be read */
        bool good = target_open(&target, output, false);
        if (good && !pack_write(&out, target.out)) {
            base_say("%s: cannot be packed: it is too large for the memory", name);
            good = false;
        }
        if (!target_close(&target, good))
            status = STATUS_BAD;
    }
    pack_out_free(&out);
    return status;
}

int verb_pack(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_pack_about, argc, argv);
    if (status == STATUS_DONE && options.output && options.log_count > 1) {
        base_say("pack: -o names one file, and these are %zu logs; without -o each gets its own",
                 options.log_count);
        status = STATUS_BAD;
    } else if (status == STATUS_DONE && options.output && !strcmp(options.output, "-") &&
               isatty(STDOUT_FILENO)) {
        base_say("pack: the file is binary, and standard output is a terminal: -o FILE, or a pipe");
        status = STATUS_BAD;
    } else if (status == STATUS_DONE) {
        for (size_t i = 0; i < options.log_count; i++) {
            char *output = base_alloc(strlen(options.logs[i]) + 2, 1);
            strcat(strcpy(output, options.logs[i]), "z");
            int one = pack_log(options.logs[i], options.output ? options.output : output,
                               !options.no_source);
            status = one > status ? one : status;
            free(output);
        }
    }
    options_free(&options);
    return status;
}
