# SPDX-License-Identifier: MIT
#
# macOS: what is built for it is checked as a file, for both architectures, and run for x86_64 under a small loader of our own.

if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64 AND NOT MEMTRACE_SANITIZE)
  file(GLOB macos_loader CONFIGURE_DEPENDS macos/loader*.c macos/libsystem*.c)
  add_executable(macos_loader ${macos_loader})
  target_link_libraries(macos_loader PRIVATE memtrace_flags Threads::Threads)
  target_compile_options(macos_loader PRIVATE -fno-omit-frame-pointer) # the chain of them goes through it
  add_executable(macos_lookup macos/lookup.c)
  target_include_directories(macos_lookup BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/report)
  target_link_libraries(macos_lookup PRIVATE memtrace_flags report_objects)
  memtrace_scripts(macos/ macos/run.py)
  list(TRANSFORM subjects PREPEND macos/)
  set_tests_properties(${subjects} PROPERTIES RESOURCE_LOCK macos) # one fetches zig, builds the library, fills the compiler's cache
endif()
