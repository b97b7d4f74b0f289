# SPDX-License-Identifier: MIT
add_test(NAME cli_cache COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cli/cache.py $<TARGET_FILE:memtrace> ${CMAKE_C_COMPILER})
set_tests_properties(cli_cache PROPERTIES FAIL_REGULAR_EXPRESSION "${sanitizer_complaints}")
