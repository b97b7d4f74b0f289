# SPDX-License-Identifier: MIT
#
# What is not installed is skipped. scripts/test installs the small ones; the others are in Debian's packages postgresql,
# nginx-light and nodejs, other programs' own tests in libpython3-testsuite, glibc-source and stress-ng.

# The library that only counts: what the tracker counts is compared with it.
add_library(count_forwarder MODULE programs/count_forwarder.c)
target_link_libraries(count_forwarder PRIVATE memtrace_flags ${CMAKE_DL_LIBS})
target_compile_options(count_forwarder PRIVATE -fexceptions -fno-builtin) # its guard is undone when an exception passes
target_link_options(count_forwarder PRIVATE -static-libgcc)
foreach(program jq sqlite3 perl git cc1 cc1-O1 redis python)
  memtrace_script(real/${program} real/counts.py ${CMAKE_BINARY_DIR} ${program})
  memtrace_script(real/verify-${program} real/counts.py --verify ${CMAKE_BINARY_DIR} ${program})
endforeach()
memtrace_long(real/cc1-O1 real/verify-jq real/verify-perl real/verify-git real/verify-sqlite3 real/verify-cc1-O1 real/verify-redis)

memtrace_scripts(real/family real/families.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/family_programs.py ${CMAKE_CURRENT_LIST_DIR}/family_servers.py)
list(REMOVE_ITEM subjects make redis)
list(TRANSFORM subjects PREPEND real/family-)
memtrace_long(${subjects})
memtrace_full(real/family-multiprocessing) # python/kinds forks, spawns and has a server, too

# Other programs' own tests, a file at a time.
memtrace_scripts(real/cpython real/cpython.py)
list(TRANSFORM subjects PREPEND real/cpython-)
memtrace_long(${subjects})
# Of objects, frames and threads others have enough, of waiting for children, and of what subprocess does.
set(subjects threading_local thread wait3 wait4 subprocess-select popen generators coroutines asyncgen weakref frame code sys_setprofile sys exceptions import
  resource multiprocessing_main_handling pty asyncio)
list(TRANSFORM subjects PREPEND real/cpython-)
memtrace_full(${subjects})
memtrace_scripts(real/perl real/perl.py)
list(TRANSFORM subjects PREPEND real/perl-)
memtrace_long(${subjects})
memtrace_scripts(real/glibc real/glibc.py)
list(TRANSFORM subjects PREPEND real/glibc-)
memtrace_long(${subjects})
memtrace_script(real/stress real/stress.py ${CMAKE_BINARY_DIR})
memtrace_long(real/stress)
set_tests_properties(real/stress PROPERTIES RUN_SERIAL TRUE) # it takes all of what the whole machine shares: open files, loop devices, processes
