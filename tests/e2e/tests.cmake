# SPDX-License-Identifier: MIT
#
# What is not installed is skipped. scripts/test installs
# the small ones; the others are in Debian's packages postgresql, nginx-light and nodejs.

memtrace_scripts(e2e e2e/run.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/programs.py ${CMAKE_CURRENT_LIST_DIR}/servers.py)
