# SPDX-License-Identifier: MIT
memtrace_script(cli cli/run.py $<TARGET_FILE:memtrace> ${CMAKE_C_COMPILER})
memtrace_script(cli_cache cli/cache.py $<TARGET_FILE:memtrace> ${CMAKE_C_COMPILER})
set_tests_properties(cli_cache PROPERTIES FAIL_REGULAR_EXPRESSION "${sanitizer_complaints}")
memtrace_script(cli_late cli/late.py $<TARGET_FILE:memtrace> ${CMAKE_C_COMPILER})
set_tests_properties(cli_late PROPERTIES FAIL_REGULAR_EXPRESSION "${sanitizer_complaints}")
memtrace_script(cli_top cli/top.py $<TARGET_FILE:memtrace> ${CMAKE_C_COMPILER})
set_tests_properties(cli_top PROPERTIES FAIL_REGULAR_EXPRESSION "${sanitizer_complaints}")
