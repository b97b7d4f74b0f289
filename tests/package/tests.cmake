# SPDX-License-Identifier: MIT
memtrace_script(package package/run.py ${CMAKE_BINARY_DIR})
set_tests_properties(package PROPERTIES SKIP_RETURN_CODE 77 RUN_SERIAL ON)
memtrace_long(package)
