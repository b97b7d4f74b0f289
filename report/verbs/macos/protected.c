/* SPDX-License-Identifier: MIT
 *
 * The format: <mach-o/loader.h>, <mach-o/fat.h>; of the signature xnu's osfmk/kern/cs_blobs.h. A signature's numbers, like those of a
 * file with several architectures, are big-endian.
 */
#include "verbs/macos/protected.h"

#include <stdio.h>
#include <string.h>

#define MAGIC_64  0xfeedfacfu
#define MAGIC_FAT 0xcafebabeu
#define FAT_MOST  64u

/* Commands, as far as they matter. */
#define SEGMENT_64     0x19u
#define CODE_SIGNATURE 0x1du

#define SUPER_BLOB     0xfade0cc0u
#define CODE_DIRECTORY 0xfade0c02u
#define ENTITLEMENTS   0xfade7171u
#define BLOBS_MOST     64u

/* Flags of the code directory. */
#define FLAG_RESTRICT           0x800u
#define FLAG_LIBRARY_VALIDATION 0x2000u
#define FLAG_RUNTIME            0x10000u

struct bytes {
    const unsigned char *at;
    size_t count;
};

/* A part of it, shorter where it ends. */
static struct bytes part(struct bytes all, uint64_t offset, uint64_t count)
{
    if (offset >= all.count)
        return (struct bytes){NULL, 0};
    return (struct bytes){all.at + offset,
                          count < all.count - offset ? (size_t)count : all.count - (size_t)offset};
}

/* Numbers; 0 where there are none. */
static uint32_t little(struct bytes b, uint64_t offset)
{
    const unsigned char *p = part(b, offset, 4).count == 4 ? b.at + offset : NULL;
    return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24
             : 0;
}

static uint32_t big(struct bytes b, uint64_t offset)
{
    return __builtin_bswap32(little(b, offset));
}

static const char *processor_name(uint32_t number)
{
    return number == MACOS_X86_64  ? "x86_64"
           : number == MACOS_ARM64 ? "arm64"
                                   : "another processor";
}

/* The piece for `processor` of a file of one or several architectures. Empty: there is none; *other: that of a piece that is. */
static struct bytes slice(struct bytes file, uint32_t processor, uint32_t *other)
{
    *other = 0;
    if (little(file, 0) == MAGIC_64) {
        *other = little(file, 4);
        return *other == processor ? file : (struct bytes){NULL, 0};
    }
    uint32_t count = big(file, 0) == MAGIC_FAT ? big(file, 4) : 0;
    for (uint32_t i = 0; i < count && i < FAT_MOST; i++) {
        uint64_t entry = 8 + 20 * (uint64_t)i;
        *other = big(file, entry);
        if (*other == processor)
            return part(file, big(file, entry + 8), big(file, entry + 12));
    }
    return (struct bytes){NULL, 0};
}

/* What a signature says. */
struct signature {
    uint32_t flags;
    bool allows_variables, allows_libraries; /* entitlements */
};

static bool has_text(struct bytes b, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= b.count; i++)
        if (!memcmp(b.at + i, text, length))
            return true;
    return false;
}

/* Entitlements are a property list: <key>NAME</key><true/>. */
static bool entitles(struct bytes list, const char *name)
{
    char key[128];
    size_t length = (size_t)snprintf(key, sizeof key, "<key>%s</key>", name);
    for (size_t i = 0; i + length <= list.count; i++) {
        if (memcmp(list.at + i, key, length) != 0)
            continue;
        for (i += length; i < list.count && strchr(" \t\r\n", list.at[i]); i++)
            continue;
        return has_text(part(list, i, strlen("<true/>")), "<true/>");
    }
    return false;
}

static void read_signature(struct bytes blob, struct signature *s)
{
    uint32_t count = big(blob, 0) == SUPER_BLOB ? big(blob, 8) : 0;
    for (uint32_t i = 0; i < count && i < BLOBS_MOST; i++) {
        uint32_t offset = big(blob, 12 + 8 * (uint64_t)i + 4);
        struct bytes one = part(blob, offset, big(blob, (uint64_t)offset + 4));
        if (big(one, 0) == CODE_DIRECTORY) {
            s->flags |= big(one, 12);
        } else if (big(one, 0) == ENTITLEMENTS) {
            s->allows_variables =
                entitles(one, "com.apple.security.cs.allow-dyld-environment-variables");
            s->allows_libraries = entitles(one, "com.apple.security.cs.disable-library-validation");
        }
    }
}

/* Walks the commands. True: a segment says that the program is restricted. */
static bool read_commands(struct bytes program, struct signature *s)
{
    uint32_t count = little(program, 16);
    uint64_t at = 32, bytes;
    bool restricted = false;
    for (uint32_t i = 0; i < count && (bytes = little(program, at + 4)) >= 8; i++, at += bytes) {
        uint32_t command = little(program, at);
        if (command == SEGMENT_64)
            restricted |= has_text(part(program, at + 8, 16), "__RESTRICT");
        else if (command == CODE_SIGNATURE)
            read_signature(part(program, little(program, at + 8), little(program, at + 12)), s);
    }
    return restricted;
}

/* Whether the file is one of those that System Integrity Protection is for. */
static bool of_the_system(const char *path)
{
    static const char *const folders[] = {"/bin/", "/sbin/", "/usr/", "/System/"};
    if (!strncmp(path, "/usr/local/", strlen("/usr/local/")))
        return false;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (!strncmp(path, folders[i], strlen(folders[i])))
            return true;
    return false;
}

static enum protected_answer say(const char *reason, char *why, size_t why_bytes)
{
    snprintf(why, why_bytes, "%s", reason);
    return PROTECTED_SO;
}

enum protected_answer protected_check(const char *path, const unsigned char *file, size_t bytes,
                                      uint32_t processor, char *why, size_t why_bytes)
{
    struct bytes all = {file, bytes};
    struct signature s = {0, false, false};
    uint32_t other;
    if (of_the_system(path))
        return say("belongs to the system, whose integrity protection inserts no library into it; "
                   "a copy of "
                   "your own, or one from elsewhere (Homebrew, python.org), can be traced",
                   why, why_bytes);
    if (little(all, 0) != MAGIC_64 && big(all, 0) != MAGIC_FAT)
        return PROTECTED_NO_PROGRAM;
    struct bytes program = slice(all, processor, &other);
    if (!program.count) {
        snprintf(why, why_bytes, "is for %s, and the library for %s", processor_name(other),
                 processor_name(processor));
        return PROTECTED_OTHER;
    }
    if (read_commands(program, &s))
        return say("has a segment __RESTRICT: no library is inserted into such a program", why,
                   why_bytes);
    if (s.flags & FLAG_RESTRICT)
        return say("is signed as restricted: no library is inserted into such a program", why,
                   why_bytes);
    if (s.flags & FLAG_RUNTIME && !(s.allows_variables && s.allows_libraries))
        return say(
            "is signed for the hardened runtime, which inserts no library unless the signature's "
            "entitlements "
            "allow dyld's variables and disable library validation; signed anew (codesign -f -s - "
            "PROGRAM) it can be traced",
            why, why_bytes);
    if (s.flags & FLAG_LIBRARY_VALIDATION && !s.allows_libraries)
        return say("is signed for library validation, which refuses a library that others have "
                   "signed; signed "
                   "anew (codesign -f -s - PROGRAM) it can be traced",
                   why, why_bytes);
    return PROTECTED_NOT;
}
