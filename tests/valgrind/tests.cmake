# SPDX-License-Identifier: MIT
add_executable(valgrind_errors ${CMAKE_CURRENT_LIST_DIR}/errors.c)
target_compile_options(valgrind_errors PRIVATE -Wall -Wextra -O1 -g -fno-builtin)
target_link_libraries(valgrind_errors PRIVATE Threads::Threads)
memtrace_script(valgrind valgrind/run.py ${CMAKE_BINARY_DIR})
memtrace_long(valgrind)
