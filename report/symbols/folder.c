/* SPDX-License-Identifier: MIT */
#include "symbols/folder.h"

#include <dirent.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"
#include "symbols/macho_elf.h"

#define ID_BYTES_MAX 64u

struct folder_file {
    char *path;
    bool opened, debug;               /* debug: it has debug information */
    unsigned char id_bytes, id_count; /* a universal Mach-O file has several */
    unsigned char id[ID_BYTES_MAX];
};

/* ---- going through ---- */

static void folder_add(struct folder *folder, char *path)
{
    folder->list = base_room(folder->list, &folder->cap, folder->count + 1, sizeof *folder->list);
    folder->list[folder->count++] = (struct folder_file){.path = path};
}

static char *path_below(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    bool slash = length && folder[length - 1] == '/';
    char *path = base_alloc(length + strlen(name) + 2, 1);
    sprintf(path, "%s%s%s", folder, slash ? "" : "/", name);
    return path;
}

static void folder_go(struct folder *folder, const char *path, const struct folder_bounds *bounds,
                      unsigned depth)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir && fd >= 0)
        close(fd);
    for (struct dirent *entry; dir && (entry = readdir(dir)) && !folder->cut;) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") || (name[0] == '.' && !bounds->hidden))
            continue;
        struct stat info;
        unsigned char type = entry->d_type;
        if (type == DT_UNKNOWN && !fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW))
            type = S_ISDIR(info.st_mode) ? DT_DIR : S_ISREG(info.st_mode) ? DT_REG : DT_UNKNOWN;
        if (type != DT_DIR && type != DT_REG && type != DT_LNK)
            continue;
        char *below = path_below(path, name);
        if (type != DT_DIR && folder->count == bounds->files)
            folder->cut = true;
        if (type != DT_DIR && !folder->cut) {
            folder_add(folder, below);
            continue;
        }
        if (type == DT_DIR && depth < bounds->depth)
            folder_go(folder, below, bounds, depth + 1);
        free(below);
    }
    if (dir)
        closedir(dir);
}

void folder_read(struct folder *folder, const char *path, const struct folder_bounds *bounds)
{
    if (!folder->read)
        folder_go(folder, path, bounds, 0);
    folder->read = true;
}

/* ---- files ---- */

bool folder_has_debug(Elf *elf)
{
    size_t names;
    if (elf_getshdrstrndx(elf, &names) < 0)
        return false;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header) && header.sh_type != SHT_NOBITS
                               ? elf_strptr(elf, names, header.sh_name)
                               : NULL;
        if (name && (!strcmp(name, ".debug_info") || !strcmp(name, ".zdebug_info")))
            return true;
    }
    return false;
}

static void file_look(struct folder_file *file)
{
    struct stat info;
    char magic[SELFMAG];
    file->opened = true;
    int fd = file_open(AT_FDCWD, file->path, &info);
    if (fd < 0)
        return;
    file->id_count =
        (unsigned char)macho_file_ids(fd, file->id, sizeof file->id / MACHO_ID_BYTES, &file->debug);
    if (file->id_count) {
        file->id_bytes = MACHO_ID_BYTES;
    } else if (file_read(fd, magic, sizeof magic) == sizeof magic &&
               !memcmp(magic, ELFMAG, SELFMAG)) {
        elf_version(EV_CURRENT);
        Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
        const void *id;
        ssize_t bytes = elf ? dwelf_elf_gnu_build_id(elf, &id) : 0;
        if (bytes > 0 && (size_t)bytes <= sizeof file->id) {
            file->id_bytes = (unsigned char)bytes;
            file->id_count = 1;
            memcpy(file->id, id, (size_t)bytes);
            file->debug = folder_has_debug(elf);
        }
        elf_end(elf);
    }
    close(fd);
}

static bool has_id(const struct folder_file *file, const unsigned char *id, size_t bytes)
{
    for (unsigned i = 0; i < file->id_count && file->id_bytes == bytes; i++)
        if (!memcmp(file->id + i * bytes, id, bytes))
            return true;
    return false;
}

static bool is_called(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    size_t length = strlen(name);
    path = slash ? slash + 1 : path;
    return !strncmp(path, name, length) && (!path[length] || !strcmp(path + length, ".debug"));
}

const char *folder_find(struct folder *folder, const char *name, const unsigned char *build_id,
                        size_t build_id_bytes, bool debug)
{
    const char *without = NULL;
    for (size_t i = 0; i < folder->count; i++) {
        struct folder_file *file = &folder->list[i];
        if (name && !is_called(file->path, name))
            continue;
        if (!file->opened)
            file_look(file);
        if (!has_id(file, build_id, build_id_bytes))
            continue;
        if (file->debug)
            return file->path;
        without = file->path;
    }
    return debug ? NULL : without;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->list[i].path);
    free(folder->list);
    *folder = (struct folder){0};
}
