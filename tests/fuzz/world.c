/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../report/base/base.h"
#include "../../report/base/file.h"
#include "../../report/symbols/symbols.h"
#include "../../report/symbols/tails.h"
#include "../../report/top/screen.h"

static bool inside;

/* ---- files ---- */

static struct world_file {
    const unsigned char *data;
    size_t bytes;
} log_file, opened;

static const char python_text[] =
    "@decorator(\n    'x',\n)\ndef f(a, b):\n\t'''text\n  of \\\n it'''\n"
    "    x = [1,\n2] # (\n\n    return '\\'' + \"(\"\n\nf(1)\n"
    "class C:\n  def g(self): pass\n  h = lambda x: x\r\n\t\ty = 1\\\n";
static const char control_text[] =
    "int main(void)\n{\033[31m\n\t\302\2331m\342\200\256 return 0;\377\n}";

/* Every second log, by what is in it, can be mapped; the others are read alone, as from a file system that maps nothing. */
static int log_mapped = -1;

static bool maps(const unsigned char *file, size_t bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += file[i];
    return sum & 1;
}

void world_set_log(const unsigned char *file, size_t bytes)
{
    static int memory = -1;
    if (memory < 0)
        memory = memfd_create("log", MFD_CLOEXEC);
    log_file = (struct world_file){file, bytes};
    log_mapped = -1;
    if (maps(file, bytes)) {
        if (ftruncate(memory, (off_t)bytes) || pwrite(memory, file, bytes, 0) != (ssize_t)bytes)
            abort();
        log_mapped = memory;
    }
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int file_open(int folder, const char *path, struct stat *info)
{
    size_t length = strlen(path);
    (void)folder;
    errno = 0;
    if (!strcmp(path, WORLD_LOG))
        opened = log_file;
    else if (length > 3 && !strcmp(path + length - 3, ".py"))
        opened = (struct world_file){(const unsigned char *)python_text, sizeof python_text - 1};
    else if (length > 2 && !strcmp(path + length - 2, ".c"))
        opened = (struct world_file){(const unsigned char *)control_text, sizeof control_text - 1};
    else {
        errno = length & 1 ? ENOENT : 0;
        return -1;
    }
    memset(info, 0, sizeof *info);
    info->st_size = (off_t)opened.bytes;
    /* Closed by the caller; what is read comes from `opened`. */
    return opened.data == log_file.data && log_mapped >= 0
               ? dup(log_mapped)
               : __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
}

size_t file_read_at(int fd, void *data, size_t bytes, uint64_t offset)
{
    (void)fd;
    errno = 0;
    if (offset >= opened.bytes)
        return 0;
    if (bytes > opened.bytes - offset)
        bytes = opened.bytes - offset;
    memcpy(data, opened.data + offset, bytes);
    return bytes;
}

size_t file_read(int fd, void *data, size_t bytes)
{
    return file_read_at(fd, data, bytes, 0);
}

size_t file_size(int fd)
{
    (void)fd;
    return opened.bytes;
}

/* Folders that a log names. */
int __wrap_open(const char *path, int flags, ...)
{
    if (!inside)
        return __real_open(path, flags, 0666);
    return path[0] == '/' ? __real_open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
}

/* /proc */
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
    return inside ? NULL : __real_fopen(path, mode);
}

int __wrap_isatty(int fd);
int __wrap_isatty(int fd)
{
    (void)fd;
    return 0;
}

/* The same secret in every run, or no finding could be met a second time. */
ssize_t __wrap_getrandom(void *out, size_t bytes, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t bytes, unsigned flags)
{
    (void)flags;
    memset(out, 0x5a, bytes);
    return (ssize_t)bytes;
}

/* ---- no file is anywhere else ---- */

/* There is no terminal: --once does not ask for it. */
int top_screen(const char *file, const struct top_options *options)
{
    (void)file, (void)options;
    abort();
}

bool find_sysroot(const char *folder)
{
    (void)folder;
    return true;
}

bool find_search(const char *folder)
{
    (void)folder;
    return true;
}

struct find *find_make(void)
{
    return NULL;
}

void find_near(struct find *find, const char *folder)
{
    (void)find;
    (void)folder;
}

char *find_file(struct find *find, const char *path, const unsigned char *build_id,
                size_t build_id_bytes, bool debug, struct progress *progress)
{
    (void)find;
    (void)path;
    (void)build_id;
    (void)build_id_bytes;
    (void)debug;
    (void)progress;
    return NULL;
}

void find_free(struct find *find)
{
    (void)find;
}

/* ---- symbols: what the address says ---- */

struct symbols {
    struct strings *strings;
    const char *problem;
};

struct symbols *symbols_open(const struct symbols_wanted *wanted, struct strings *strings)
{
    const char *path = wanted->path;
    struct symbols *symbols = base_alloc(1, sizeof *symbols);
    symbols->strings = strings;
    if (wanted->build_id_bytes && wanted->build_id[0] & 1)
        symbols->problem = "is not the file of the run";
    else if (path[0] == '/' && strlen(path) % 3 == 0)
        symbols->problem = "is not there";
    return symbols;
}

struct symbols_file symbols_file(const struct symbols *symbols)
{
    (void)symbols;
    return (struct symbols_file){0};
}

bool symbols_file_same(const struct symbols_file *a, const struct symbols_file *b)
{
    return !memcmp(a, b, sizeof *a);
}

bool symbols_file_at(const char *path, struct symbols_file *file)
{
    (void)path;
    (void)file;
    return false;
}

const char *symbols_elsewhere(const struct symbols *symbols)
{
    (void)symbols;
    return NULL;
}

const char *symbols_debug_path(struct symbols *symbols)
{
    (void)symbols;
    return NULL;
}

size_t symbols_unit(struct symbols *symbols, uint64_t address)
{
    return symbols->problem ? 0 : 1 + address % 3;
}

const char *symbols_problem(const struct symbols *symbols)
{
    return symbols->problem;
}

const char *symbols_lines_problem(struct symbols *symbols)
{
    (void)symbols;
    return NULL;
}

static uint32_t text(struct symbols *symbols, const char *word)
{
    return word ? strings_add(symbols->strings, word, strlen(word)) : 0;
}

size_t symbols_find(struct symbols *symbols, uint64_t address,
                    struct symbol out[SYMBOLS_INLINED_MAX])
{
    static const char *const functions[] = {"main", NULL, "std::vector<int>::f(int)", "\033[2Jx"};
    static const char *const files[] = {"/src/a.c", NULL, "b.c", "/usr/include/c++/12/vector",
                                        "/src/gone.c\n"};
    static const char *const languages[] = {"C", "C++", "Rust", "native"};
    size_t count = symbols->problem ? 0 : address % 7 == 6 ? SYMBOLS_INLINED_MAX : address % 3;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = (address >> 3) + i;
        out[i] =
            (struct symbol){.function = text(symbols, functions[bits % 4]),
                            .file = text(symbols, files[(bits >> 2) % 5]),
                            .line = bits & 32 ? (uint32_t)bits & INT32_MAX : (uint32_t)bits & 7,
                            .first_line = (uint32_t)(bits >> 6) & 3,
                            .last_line = (uint32_t)(bits >> 6) & 15,
                            .language = languages[(bits >> 5) % 4]};
        if (!out[i].file)
            out[i].line = 0;
    }
    return count;
}

/* Functions 1 to 8, each of which calls the next one, and some of them last. */
void symbols_call(struct symbols *symbols, uint64_t address, struct symbol_call *out)
{
    static const char *const names[] = {"f", "malloc", NULL, "g"};
    uint64_t self = 1 + address % 8, callee = 1 + (address >> 3) % 8;
    *out = (struct symbol_call){0};
    if (symbols->problem || address % 5 == 4)
        return;
    out->self = (struct symbol_code){self, text(symbols, names[self % 4])};
    out->callee = (struct symbol_code){callee, text(symbols, names[callee % 4])};
}

size_t symbols_tails(struct symbols *symbols, const struct symbol_code *code,
                     struct symbol out[SYMBOLS_INLINED_MAX])
{
    bool hook = code->entry % 8 == 7;
    struct symbol_code to = {hook ? 0 : code->entry + 1, hook ? text(symbols, "malloc") : 0};
    if (!code->entry || code->entry > 8) {
        out[0] = tails_pack(code, TAILS_ELSEWHERE, false, TAILS_FUNCTION);
        return 1;
    }
    struct symbol places[SYMBOLS_INLINED_MAX];
    size_t count = symbols_find(symbols, code->entry * 5, places) % 8;
    memcpy(out + 2, places, count * sizeof *places);
    out[0] = tails_pack(code, code->entry == 6 ? TAILS_UNKNOWN : TAILS_KNOWN, code->entry % 2,
                        TAILS_FUNCTION);
    out[1] = tails_pack(&to, (uint32_t)count, false, TAILS_JUMP);
    return 2 + count;
}

void symbols_strings(struct symbols *symbols, struct strings *strings)
{
    symbols->strings = strings;
}

void symbols_close(struct symbols *symbols)
{
    free(symbols);
}

/* ---- memory ---- */

static size_t held, most;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
int __real_vasprintf(char **out, const char *format, va_list args);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void __wrap_free(void *block);
int __wrap_vasprintf(char **out, const char *format, va_list args);

static void *counted(void *block)
{
    held += malloc_usable_size(block);
    if ((ptrdiff_t)held > (ptrdiff_t)most)
        most = held;
    return block;
}

void *__wrap_malloc(size_t bytes)
{
    return counted(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return counted(__real_calloc(count, bytes));
}

void *__wrap_realloc(void *block, size_t bytes)
{
    held -= malloc_usable_size(block);
    return counted(__real_realloc(block, bytes));
}

void __wrap_free(void *block)
{
    held -= malloc_usable_size(block);
    __real_free(block);
}

int __wrap_vasprintf(char **out, const char *format, va_list args)
{
    int length = __real_vasprintf(out, format, args);
    if (length >= 0)
        counted(*out);
    return length;
}

void world_begin(void)
{
    inside = true;
    held = most = 0;
}

size_t world_end(void)
{
    inside = false;
    return most;
}
