/* SPDX-License-Identifier: MIT
 *
 * Finding a local function's symbol in a file.
 */
#include "../../interpose/loader/symbol.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

/* As gcc names the unlikely part of a function. A symbol that only begins alike comes first. */
__asm__(".text\n"
        ".type example_function.colder, %function\n"
        "example_function.colder: .zero 16\n"
        ".size example_function.colder, 16\n"
        ".type example_function.cold.7, %function\n"
        ".globl example_function_cold_address\n"
        "example_function_cold_address:\n"
        "example_function.cold.7: .zero 48\n"
        ".size example_function.cold.7, 48\n");
extern const char example_function_cold_address[];

int main(int argc, char **argv)
{
    uintptr_t begin = 0, end = 0;
    void *link = NULL;
    Dl_info info;
    int wrong = 0;

    (void)argc;
    if (!dladdr1(example_function_cold_address, &info, &link, RTLD_DL_LINKMAP))
        return 2;
    wrong += !mt_symbol_in_file("/proc/self/exe", "example_function.cold", &begin, &end);
    wrong +=
        ((const struct link_map *)link)->l_addr + begin != (uintptr_t)example_function_cold_address;
    wrong += end - begin != 48;
    wrong += mt_symbol_in_file("/proc/self/exe", "no_such_function", &begin, &end);
    wrong += mt_symbol_in_file("/no/such/file", "main", &begin, &end);
    wrong += mt_symbol_in_file("/proc/self/status", "main", &begin, &end);
    wrong += mt_symbol_in_file("/dev/null", "main", &begin, &end);
    wrong += !mt_symbol_in_file(argv[0], "main", &begin, &end);
    printf("%d wrong\n", wrong);
    return wrong != 0;
}
