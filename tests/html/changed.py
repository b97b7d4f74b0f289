# SPDX-License-Identifier: MIT
"""Two versions of a program, of which is known what changed."""
PYTHON_OLD = '''\
import sys

def parse(count):
    rows = []
    for i in range(count):
        rows.append(bytearray(20000))  # MORE
    return rows

def index(rows):
    table = [bytes(1000) for _ in rows]
    cache = bytearray(3000000)  # GONE
    return table, cache

def main():
    rows = parse(100)
    return rows, index(rows)

held = main()
'''
PYTHON_NEW = '''\
import sys

# All that follows has moved.
SIZE = 1

def parse(count):
    rows = []
    for i in range(count):
        rows.append(bytearray(20000))  # MORE
    return rows

def index(rows):
    table = [bytes(1000) for _ in rows]
    return table, None

def main():
    rows = parse(300)
    rows.append(bytes(2000000))  # NEW
    return rows, index(rows)

held = main()
'''
C_OLD = '''\
#include <stdlib.h>
#include <string.h>
static void *held[3000];
__attribute__((noinline)) static void fill(int from, int count, size_t size)
{
    for (int i = 0; i < count; i++)
        held[from + i] = memset(malloc(size), 1, size); /* MORE */
}
__attribute__((noinline)) static void once(void)
{
    held[2000] = malloc(1000000); /* GONE */
}
int main(void)
{
    fill(0, 100, 10000);
    once();
    return held[2000] == NULL;
}
'''
C_NEW = '''\
#include <stdlib.h>
#include <string.h>
static void *held[3000];

__attribute__((noinline)) static void *table(unsigned wide, unsigned high)
{
    char **lists = realloc(NULL, wide * sizeof *lists);
    for (unsigned i = 0; i < wide; i++)
        lists[i] = calloc(high, 1); /* NEW */
    return lists;
}

/* All that follows has moved. */

__attribute__((noinline)) static void fill(int from, int count, size_t size)
{
    for (int i = 0; i < count; i++)
        held[from + i] = memset(malloc(size), 1, size); /* MORE */
}
int main(void)
{
    fill(0, 300, 10000);
    return !table(50, 10000);
}
'''
# What memtrace why speaks of: lines TEMPORARY and SMALL.
ADVISED = '''\
#include <stdlib.h>
#include <string.h>
struct item {
    struct item *next;
};
static struct item *small;
__attribute__((noinline)) static void hurry(void)
{
    char *buffer = malloc(20000); /* TEMPORARY */
    memset(buffer, 1, 20000);
    free(buffer);
}
int main(int argc, char **argv)
{
    (void)argv;
    for (int i = 0; argc > 1 && i < 200000; i++) {
        struct item *item = malloc(sizeof *item); /* SMALL */
        item->next = small;
        small = item;
    }
    for (int i = 0; argc > 1 && i < 3000; i++)
        hurry();
    return 0;
}
'''


def lines(text):
    """The numbers of the lines that are marked in a comment."""
    import re
    return {found[1]: number for number, line in enumerate(text.splitlines(), 1) for found in [re.search(r'(?:#|/\*) ([A-Z]+)(?: \*/)?$', line)] if found}
