/* SPDX-License-Identifier: MIT
 *
 * Programs of macOS, put together here: which of them the system protects.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "verbs/macos/protected.h"

#define OWN "/Users/me/program"

static unsigned char file[4096];
static size_t used;

static void little(uint32_t number)
{
    for (int i = 0; i < 4; i++)
        file[used++] = (unsigned char)(number >> (8 * i));
}

static void big(uint32_t number)
{
    little(__builtin_bswap32(number));
}

static void text(const char *from, size_t bytes)
{
    size_t length = strlen(from);
    memcpy(file + used, from, length < bytes ? length : bytes); /* zeros follow */
    used += bytes;
}

/* A header with this many commands, which follow. */
static void begin(uint32_t processor, uint32_t commands)
{
    memset(file, 0, sizeof file);
    used = 0;
    little(0xfeedfacf);
    little(processor);
    little(0);
    little(2);
    little(commands);
    little(0);
    little(0);
    little(0);
}

static void segment(const char *name)
{
    little(0x19);
    little(72);
    text(name, 16);
    used += 48;
}

/* A signature behind everything, with these flags and entitlements (NULL: none). */
static void sign(uint32_t flags, const char *entitlements)
{
    size_t length = entitlements ? strlen(entitlements) : 0;
    uint32_t at = (uint32_t)used + 16;
    little(0x1d);
    little(16);
    little(at);
    little((uint32_t)(12 + 16 + 44 + 8 + length));
    big(0xfade0cc0);
    big((uint32_t)(12 + 16 + 44 + 8 + length));
    big(entitlements ? 2 : 1);
    big(0);
    big(28); /* the code directory */
    big(5);
    big(28 + 44); /* the entitlements */
    big(0xfade0c02);
    big(44);
    big(0x20400);
    big(flags);
    used += 28;
    big(0xfade7171);
    big((uint32_t)(8 + length));
    if (entitlements)
        text(entitlements, length);
}

static enum protected_answer answer(const char *path, uint32_t processor, const char *reason)
{
    char why[1024] = "";
    enum protected_answer got = protected_check(path, file, used, processor, why, sizeof why);
    if (reason)
        cr_assert(strstr(why, reason), "'%s' does not say '%s'", why, reason);
    else
        cr_assert_str_empty(why);
    return got;
}

Test(macos_protected, one_s_own_program)
{
    begin(MACOS_ARM64, 2);
    segment("__TEXT");
    sign(0x20002, NULL); /* as a linker signs it */
    cr_assert_eq(answer(OWN, MACOS_ARM64, NULL), PROTECTED_NOT);
    cr_assert_eq(answer("/usr/local/bin/program", MACOS_ARM64, NULL), PROTECTED_NOT);
    cr_assert_eq(answer(OWN, MACOS_X86_64, "is for arm64, and the library for x86_64"),
                 PROTECTED_OTHER);
}

Test(macos_protected, the_system_s)
{
    begin(MACOS_ARM64, 0);
    cr_assert_eq(answer("/usr/bin/python3", MACOS_ARM64, "belongs to the system"), PROTECTED_SO);
    cr_assert_eq(answer("/bin/ls", MACOS_ARM64, "belongs to the system"), PROTECTED_SO);
    cr_assert_eq(answer("/System/Library/x", MACOS_ARM64, "belongs to the system"), PROTECTED_SO);
    cr_assert_eq(answer("/binary/ls", MACOS_ARM64, NULL), PROTECTED_NOT);
}

Test(macos_protected, a_restricted_one)
{
    begin(MACOS_ARM64, 1);
    segment("__RESTRICT");
    cr_assert_eq(answer(OWN, MACOS_ARM64, "__RESTRICT"), PROTECTED_SO);
    begin(MACOS_ARM64, 1);
    sign(0x800, NULL);
    cr_assert_eq(answer(OWN, MACOS_ARM64, "signed as restricted"), PROTECTED_SO);
}

#define ALLOWS(name, value) "<key>com.apple.security.cs." name "</key>\n\t<" value "/>"

Test(macos_protected, the_hardened_runtime)
{
    begin(MACOS_ARM64, 1);
    sign(0x10000, NULL);
    cr_assert_eq(answer(OWN, MACOS_ARM64, "hardened runtime"), PROTECTED_SO);
    begin(MACOS_ARM64, 1);
    sign(0x10000, ALLOWS("allow-dyld-environment-variables", "true"));
    cr_assert_eq(answer(OWN, MACOS_ARM64, "hardened runtime"), PROTECTED_SO);
    begin(MACOS_ARM64, 1);
    sign(0x10000, ALLOWS("allow-dyld-environment-variables", "false")
                      ALLOWS("disable-library-validation", "true"));
    cr_assert_eq(answer(OWN, MACOS_ARM64, "hardened runtime"), PROTECTED_SO);
    begin(MACOS_ARM64, 1);
    sign(0x10000, ALLOWS("allow-dyld-environment-variables", "true")
                      ALLOWS("disable-library-validation", "true"));
    cr_assert_eq(answer(OWN, MACOS_ARM64, NULL), PROTECTED_NOT);
    begin(MACOS_ARM64, 1);
    sign(0x2000, NULL);
    cr_assert_eq(answer(OWN, MACOS_ARM64, "library validation"), PROTECTED_SO);
}

/* Two architectures: that of the library counts. */
Test(macos_protected, of_several_architectures)
{
    unsigned char one[1024];
    begin(MACOS_ARM64, 1);
    sign(0x10000, NULL);
    size_t bytes = used;
    memcpy(one, file, bytes);
    memset(file, 0, sizeof file);
    used = 0;
    big(0xcafebabe);
    big(2);
    const uint32_t processors[] = {MACOS_X86_64, MACOS_ARM64};
    for (int i = 0; i < 2; i++) {
        big(processors[i]);
        big(0);
        big(1024 + 1024 * (uint32_t)i);
        big((uint32_t)bytes);
        big(12);
    }
    memcpy(file + 1024, one, 32); /* a header without commands */
    file[1024 + 16] = 0;
    memcpy(file + 2048, one, bytes);
    used = 2048 + bytes;
    cr_assert_eq(answer(OWN, MACOS_X86_64, NULL), PROTECTED_NOT);
    cr_assert_eq(answer(OWN, MACOS_ARM64, "hardened runtime"), PROTECTED_SO);
}

Test(macos_protected, no_program)
{
    used = 0;
    text("#!/bin/sh\n", 10);
    cr_assert_eq(answer(OWN, MACOS_ARM64, NULL), PROTECTED_NO_PROGRAM);
    used = 0;
    cr_assert_eq(answer(OWN, MACOS_ARM64, NULL), PROTECTED_NO_PROGRAM);
}

/* Cut off anywhere, nothing outside of the file is read: ASan tells. */
Test(macos_protected, damaged)
{
    begin(MACOS_ARM64, 2);
    segment("__TEXT");
    sign(0x10000, ALLOWS("allow-dyld-environment-variables", "true"));
    size_t whole = used;
    for (used = 0; used < whole; used++) {
        char why[1024];
        unsigned char *copy = malloc(used ? used : 1);
        memcpy(copy, file, used);
        protected_check(OWN, copy, used, MACOS_ARM64, why, sizeof why);
        free(copy);
    }
}
