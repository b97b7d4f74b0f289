/* SPDX-License-Identifier: MIT
 *
 * Mach-O files with any bytes at all: fuzz_macho [RUNS [SEED]]
 *
 * A small file of one or two machines is made, a few of its words are changed or its end is cut off, and it is read, first alone, right before memory that
 * nobody may touch, then by all that looks up symbols. Nothing may crash, and what can't be read has a reason.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/map.h"
#include "symbols/macho.h"
#include "symbols/macho_format.h"
#include "symbols/symbols.h"

#define SLICE_BYTES 4096u
#define FILE_BYTES  (3 * SLICE_BYTES)
#define COMMANDS    (SLICE_BYTES / 4) /* most changes are made there */

static uint64_t state = 1;
static uint32_t chance(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

/* ---- a file ---- */

static void put_section(struct macho_section *section, const char *name, uint32_t flags,
                        uint32_t offset, uint32_t bytes)
{
    *section = (struct macho_section){
        .address = 0x100000000ull + offset, .size = bytes, .offset = offset, .flags = flags};
    memcpy(section->name, name, strlen(name));
}

/* __TEXT with code, __DWARF, an id, two functions. */
static void make_slice(unsigned char *out, uint32_t cpu)
{
    static const char strings[] = "\0_main\0_other";
    struct {
        struct macho_header header;
        struct macho_segment text;
        struct macho_section code;
        struct macho_segment dwarf;
        struct macho_section debug[2];
        struct macho_symtab symtab;
        struct macho_uuid uuid;
    } file = {
        .header = {.magic = MACHO_MAGIC, .cpu = cpu, .type = MACHO_EXECUTE, .command_count = 4},
        .text = {.command = {MACHO_SEGMENT, sizeof file.text + sizeof file.code},
                 .name = "__TEXT",
                 .address = 0x100000000ull,
                 .size = SLICE_BYTES,
                 .file_bytes = SLICE_BYTES,
                 .section_count = 1},
        .dwarf = {.command = {MACHO_SEGMENT, sizeof file.dwarf + sizeof file.debug},
                  .name = "__DWARF",
                  .section_count = 2},
        .symtab = {{MACHO_SYMTAB, sizeof file.symtab}, 2048, 2, 3072, sizeof strings},
        .uuid = {{MACHO_UUID, sizeof file.uuid}, {1, 2, 3}},
    };
    const struct macho_symbol symbols[] = {{1, 0x0f, 1, 0, 0x100000000ull + 1024},
                                           {7, 0x0e, 1, 0, 0x100000000ull + 1100}};
    file.header.command_bytes = sizeof file - sizeof file.header;
    put_section(&file.code, "__text", MACHO_SECTION_CODE, 1024, 512);
    put_section(&file.debug[0], "__debug_info", 0, 1536, 256);
    put_section(&file.debug[1], "__debug_str_offs", 0, 1792, 64);
    memcpy(out, &file, sizeof file);
    for (uint32_t i = 1536; i < 1856; i++)
        out[i] = (unsigned char)chance(256);
    memcpy(out + 2048, symbols, sizeof symbols);
    memcpy(out + 3072, strings, sizeof strings);
}

static size_t make_file(unsigned char *out, bool universal)
{
    memset(out, 0, FILE_BYTES);
    if (!universal) {
        make_slice(out, chance(2) ? MACHO_CPU_X86_64 : MACHO_CPU_ARM64);
        return SLICE_BYTES;
    }
    uint32_t head[] = {MACHO_UNIVERSAL, 2,  MACHO_CPU_X86_64, 3, SLICE_BYTES,
                       SLICE_BYTES,     12, MACHO_CPU_ARM64,  0, 2 * SLICE_BYTES,
                       SLICE_BYTES,     12};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        head[i] = __builtin_bswap32(head[i]);
    memcpy(out, head, sizeof head);
    make_slice(out + SLICE_BYTES, MACHO_CPU_X86_64);
    make_slice(out + 2 * SLICE_BYTES, MACHO_CPU_ARM64);
    return FILE_BYTES;
}

static void change_file(unsigned char *data, size_t *bytes)
{
    static const uint32_t odd[] = {0,          1,          2,           0x7fffffff,      0x80000000,
                                   0xffffffff, 0xfffffff0, SLICE_BYTES, MACHO_SLICES_MAX};
    for (uint32_t changes = chance(5); changes; changes--) {
        size_t slice = *bytes / SLICE_BYTES > 1 ? chance(3) * SLICE_BYTES : 0;
        size_t at = slice + (chance(COMMANDS) & ~3u);
        uint32_t word =
            chance(2) ? odd[chance(sizeof odd / sizeof odd[0])] : chance(2 * SLICE_BYTES);
        memcpy(data + at, &word, chance(4) ? 4 : 1);
    }
    if (!chance(4))
        *bytes = chance((uint32_t)*bytes);
}

/* ---- reading ---- */

static void fail(const char *what, uint64_t run)
{
    fprintf(stderr, "fuzz_macho: %s in run %llu\n", what, (unsigned long long)run);
    abort();
}

/* Right before a page that may not be touched. */
static const char *read_alone(const unsigned char *data, size_t bytes, uint64_t run)
{
    static unsigned char *place;
    unsigned char ids[MACHO_SLICES_MAX * MACHO_ID_BYTES];
    struct macho macho;
    bool debug;
    if (!place) {
        place = mmap(NULL, FILE_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0);
        mprotect(place + FILE_BYTES, 4096, PROT_NONE);
    }
    unsigned char *at = place + FILE_BYTES - bytes;
    memcpy(at, data, bytes);
    if (macho_ids(at, bytes, ids, MACHO_SLICES_MAX, &debug) > MACHO_SLICES_MAX)
        fail("too many ids", run);
    const char *problem = macho_read(&macho, at, bytes, NULL, 0);
    if (!problem &&
        (macho.code_count > MACHO_SECTIONS_MAX || macho.debug_count > MACHO_SECTIONS_MAX))
        fail("too many sections", run);
    return problem;
}

static void look_up(const unsigned char *data, size_t bytes, uint64_t run, const char *problem)
{
    char path[64];
    struct symbol found[SYMBOLS_INLINED_MAX];
    struct strings strings = {0};
    struct symbols_wanted wanted = {.path = path};
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes)
        fail("no file", run);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct symbols *symbols = symbols_open(&wanted, &strings);
    if (problem && !symbols_problem(symbols))
        fail("no reason", run);
    for (uint64_t address = 1000; address < 1600 && !problem; address += 50)
        symbols_find(symbols, 0x100000000ull + address, found);
    symbols_lines_problem(symbols);
    symbols_close(symbols);
    strings_free(&strings);
    close(fd);
}

int main(int argc, char **argv)
{
    static unsigned char data[FILE_BYTES];
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000, readable = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    setenv("DEBUGINFOD_URLS", "", 1);
    for (uint64_t run = 0; run < runs; run++) {
        size_t bytes = make_file(data, run % 2);
        change_file(data, &bytes);
        const char *problem = read_alone(data, bytes, run);
        readable += !problem;
        look_up(data, bytes, run, problem);
    }
    printf("%llu files, %llu of them readable\n", (unsigned long long)runs,
           (unsigned long long)readable);
    return readable < runs / 10 || readable > runs * 9 / 10; /* else the changes are poor */
}
