# SPDX-License-Identifier: MIT
#
# Traced programs under memcheck: include() this from tests/CMakeLists.txt.
add_executable(valgrind_errors ${CMAKE_CURRENT_LIST_DIR}/errors.c)
target_compile_options(valgrind_errors PRIVATE -Wall -Wextra -O1 -g -fno-builtin)
target_link_libraries(valgrind_errors PRIVATE Threads::Threads)
add_test(NAME valgrind COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_BINARY_DIR})
set_tests_properties(valgrind PROPERTIES SKIP_RETURN_CODE 77)
