# SPDX-License-Identifier: MIT
# The command on macOS: what runs a program. What reads logs needs elfutils, which is not to be had there; it reads them on Linux.
add_executable(memtrace report/main_macos.c report/base/base.c report/base/file.c report/base/glyph_utf8.c report/base/nearest.c report/base/pages_none.c report/base/settings.c report/base/text.c report/read/begins.c
  report/verbs/program_find.c report/verbs/run.c
  report/verbs/macos/plain_path.c report/verbs/macos/program.c report/verbs/macos/protected.c report/verbs/macos/self.c)
target_include_directories(memtrace BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/report)
target_link_libraries(memtrace PRIVATE memtrace_flags)
install(TARGETS memtrace RUNTIME DESTINATION bin)
