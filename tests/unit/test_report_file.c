/* SPDX-License-Identifier: MIT
 *
 * What a hostile log could name or choose: file.c, the bounds of source.c, the keys of map.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../../report/base/file.h"
#include "../../report/base/map.h"
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
