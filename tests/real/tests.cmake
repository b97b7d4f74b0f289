# SPDX-License-Identifier: MIT

# The library that only counts: what the tracker counts is compared with it.
add_library(count_forwarder MODULE programs/count_forwarder.c)
target_link_libraries(count_forwarder PRIVATE memtrace_flags ${CMAKE_DL_LIBS})
target_compile_options(count_forwarder PRIVATE -fexceptions -fno-builtin) # its guard is undone when an exception passes
target_link_options(count_forwarder PRIVATE -static-libgcc)
foreach(program jq sqlite3 perl git cc1 cc1-O1 redis python)
  memtrace_script(real/${program} real/run.py ${CMAKE_BINARY_DIR} ${program})
  memtrace_script(verify/${program} real/run.py --verify ${CMAKE_BINARY_DIR} ${program})
endforeach()

memtrace_script(real/cpython-tests real/cpython.py ${CMAKE_BINARY_DIR})
memtrace_script(real/perl-tests real/perl.py ${CMAKE_BINARY_DIR})
memtrace_long(real/cpython-tests real/perl-tests)
