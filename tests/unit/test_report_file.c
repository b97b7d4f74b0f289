/* SPDX-License-Identifier: MIT
 *
 * What a hostile log could name or choose: file.c, the bounds of source.c, the keys of map.c. A file that becomes shorter: mapped.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../../report/base/file.h"
#include "../../report/base/map.h"
#include "../../report/read/mapped.h"
#include "../../report/resolve/source.h"

static char folder[] = "/tmp/test_report_file_XXXXXX";

static void folder_make(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void folder_remove(void)
{
    unlink("file");
    cr_assert_eq(rmdir(folder), 0);
}

static void file_write(const void *data, size_t bytes)
{
    int fd = creat("file", 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
}

TestSuite(file, .init = folder_make, .fini = folder_remove);

/* Whether somebody opened "file" since watch was made. */
static bool was_opened(int watch)
{
    char events[1024];
    return read(watch, events, sizeof events) > 0;
}

static int watch_make(void)
{
    int watch = inotify_init1(IN_NONBLOCK);
    cr_assert_geq(watch, 0);
    cr_assert_geq(inotify_add_watch(watch, "file", IN_OPEN), 0);
    return watch;
}

Test(file, a_fifo_is_not_even_opened)
{
    struct stat info;
    cr_assert_eq(mkfifo("file", 0600), 0);
    int watch = watch_make();
    cr_expect_eq(file_open(AT_FDCWD, "file", &info), -1);
    cr_expect_eq(errno, 0);
    cr_expect_not(was_opened(watch));
    int fd = open("file", O_RDONLY | O_NONBLOCK);
    cr_expect(was_opened(watch), "and the watch does see it");
    close(fd);
    close(watch);
}

Test(file, what_cannot_be_opened)
{
    struct stat info;
    cr_expect_eq(file_open(AT_FDCWD, "file", &info), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(file_open(AT_FDCWD, "/dev/zero", &info), -1);
    cr_expect_eq(errno, 0);
    cr_expect_eq(file_open(AT_FDCWD, ".", &info), -1);
    cr_expect_eq(errno, 0);
}

Test(file, reads)
{
    struct stat info;
    char data[16] = "";
    file_write("twelve bytes", 12);
    int fd = file_open(AT_FDCWD, "file", &info);
    cr_assert_geq(fd, 0);
    cr_expect_eq(info.st_size, 12);
    cr_expect_eq(file_read(fd, data, 6), 6);
    cr_expect_eq(file_read(fd, data, sizeof data), 12, "from the start again, to the end");
    cr_expect_eq(errno, 0);
    cr_expect_arr_eq(data, "twelve bytes", 12);
    close(fd);
    cr_expect_eq(file_read(fd, data, sizeof data), 0);
    cr_expect_eq(errno, EBADF);
}

Test(file, a_source_of_one_long_line)
{
    struct sources sources = {0};
    size_t bytes = 100000;
    char *text = malloc(bytes);
    memset(text, 'x', bytes);
    file_write(text, bytes);
    free(text);
    char *line = source_line(sources_get(&sources, "file"), 1);
    cr_expect_eq(strlen(line), 65536);
    free(line);
    sources_free(&sources);
}

Test(file, a_source_that_is_too_large)
{
    struct sources sources = {0};
    file_write("x\n", 2);
    cr_assert_eq(truncate("file", ((off_t)64 << 20) + 1), 0);
    cr_expect_null(sources_get(&sources, "file")->text);
    cr_expect_eq(sources.bytes, 0);
    sources_free(&sources);
}

Test(file, sources_are_read_once)
{
    struct sources sources = {0};
    char path[64];
    file_write("x\ny\n", 4);
    const struct source *source = sources_get(&sources, "file");
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "gone-%d", i);
        cr_assert_null(sources_get(&sources, path)->text);
    }
    unlink("file");
    cr_expect_eq(sources_get(&sources, "file"), source);
    cr_expect_eq(source->line_count, 2);
    cr_expect_eq(sources.count, 1001);
    sources_free(&sources);
}

/* Of a hash without a secret anybody makes as many collisions as he likes. */
Test(map, keys_that_nobody_can_foresee)
{
    uint64_t one[2] = {0x4141414141414141, 0x4242424242424242};
    uint64_t other[2] = {one[0] ^ (uint64_t)1 << 63, one[1] ^ ((uint64_t)1 << 63 | 1u << 31)};
    cr_expect_eq(map_hash(one, sizeof one), map_hash(other, sizeof other));
    cr_expect_neq(map_key(one, sizeof one), map_key(other, sizeof other));
    cr_expect_eq(map_key(one, sizeof one), map_key(one, sizeof one));
    for (size_t i = 0; i < sizeof one; i++)
        cr_expect_neq(map_key(one, i), map_key(one, i + 1), "every length has its key");
}

/* ---- mapped.c ---- */

#define PAGE 4096u

/* A file of three pages, of 'a', 'b' and 'c'. */
static int pages_make(void)
{
    static char pages[3 * PAGE];
    for (size_t i = 0; i < sizeof pages; i++)
        pages[i] = (char)('a' + i / PAGE);
    file_write(pages, sizeof pages);
    int fd = open("file", O_RDWR | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    return fd;
}

Test(file, parts_stand_one_behind_the_other)
{
    const struct mapped_part parts[] = {{2 * PAGE, PAGE}, {0, PAGE}, {PAGE, 10}}, odd = {100, PAGE};
    size_t bytes;
    int fd = pages_make();
    const unsigned char *data = mapped_make(fd, parts, 3, &bytes);
    cr_assert_not_null(data);
    cr_expect_eq(bytes, 2 * PAGE + 10);
    for (size_t i = 0; i < bytes; i++)
        cr_assert_eq(data[i], "cab"[i / PAGE]);
    mapped_rest(data, bytes);
    cr_expect_eq(data[PAGE], 'a', "it is read again");
    mapped_free(data, bytes);
    cr_expect_null(mapped_make(fd, &odd, 1, &bytes), "not whole pages");
    close(fd);
}

/* The process ends as the command does with an unreadable log, not by SIGBUS. */
Test(file, a_file_that_becomes_shorter, .exit_code = 2)
{
    const struct mapped_part part = {0, 3 * PAGE};
    size_t bytes;
    int fd = pages_make();
    signal(SIGBUS, SIG_DFL); /* a sanitizer has a handler, which stays as any program's own does */
    const unsigned char *data = mapped_make(fd, &part, 1, &bytes);
    cr_assert_not_null(data);
    cr_assert_eq(ftruncate(fd, PAGE), 0);
    folder_remove();
    exit(data[2 * PAGE] ? 0 : 1);
}
