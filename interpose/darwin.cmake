# SPDX-License-Identifier: MIT
# libmemtrace.dylib

set(INTERPOSE_SOURCES # from the ground up: each folder uses itself and those before it
  interpose/os/darwin.c interpose/os/darwin_file.c interpose/os/darwin_process.c interpose/os/darwin_signal.c interpose/os/str.c interpose/os/transfer.c
  interpose/base/aside.c interpose/base/aside_darwin.c interpose/base/aside_darwin_${CMAKE_SYSTEM_PROCESSOR}.S interpose/base/config.c interpose/base/guard.c
    interpose/base/key_darwin.c interpose/base/local_darwin.c interpose/base/lock.c interpose/base/meta_map.c interpose/base/meta_slabs.c interpose/base/newer_darwin.c
    interpose/base/own.c interpose/base/pool.c
  interpose/log/file.c interpose/log/intern.c interpose/log/log.c interpose/log/open.c interpose/log/view.c
  interpose/loader/foreign_program.c interpose/loader/heap_none.c interpose/loader/modules.c interpose/loader/program.c
  interpose/loader/macho/build_id.c interpose/loader/macho/foreign_program.c interpose/loader/macho/library.c interpose/loader/macho/object.c
    interpose/loader/macho/program.c interpose/loader/macho/real.c
  interpose/unwind/cfi.c interpose/unwind/cfi_program.c interpose/unwind/expression.c interpose/unwind/rows.c interpose/unwind/rule.c
    interpose/unwind/stack.c interpose/unwind/tail.c interpose/unwind/tail_find.c interpose/unwind/unwind.c interpose/unwind/walk.c
    interpose/unwind/whole.c
  interpose/unwind/macho/bounds.c interpose/unwind/macho/compact_${CMAKE_SYSTEM_PROCESSOR}.c interpose/unwind/macho/full_none.c
    interpose/unwind/macho/tables.c
  interpose/foreign/interpreter.c interpose/foreign/merge.c interpose/foreign/pair.c
  interpose/python/interpreter.c interpose/python/none.c
  interpose/tables/account.c interpose/tables/capture.c interpose/tables/counters.c interpose/tables/finish.c interpose/tables/inherited.c
    interpose/tables/live.c interpose/tables/live_big.c interpose/tables/live_buckets.c interpose/tables/mappings.c
    interpose/tables/objects.c interpose/tables/period.c interpose/tables/recent.c interpose/tables/runs.c interpose/tables/slack.c
    interpose/tables/slots.c interpose/tables/stretches.c interpose/tables/tables.c interpose/tables/timeline.c interpose/tables/tree.c
  interpose/process/start.c interpose/process/summary.c interpose/process/untraced.c
  interpose/hooks/enter.c interpose/hooks/leaving.c interpose/hooks/mapped.c interpose/hooks/mapping.c interpose/hooks/moments.c
    interpose/hooks/unload.c
  interpose/hooks/darwin/end.c interpose/hooks/darwin/exec.c interpose/hooks/darwin/malloc.c interpose/hooks/darwin/map.c
    interpose/hooks/darwin/nested.c interpose/hooks/darwin/python.c interpose/hooks/darwin/tuples.c
  interpose/api.c interpose/init_darwin.c)

add_library(memtrace_so SHARED ${INTERPOSE_SOURCES})
set_target_properties(memtrace_so PROPERTIES OUTPUT_NAME memtrace INSTALL_NAME_DIR @rpath BUILD_WITH_INSTALL_NAME_DIR ON)
target_include_directories(memtrace_so PRIVATE ${CMAKE_SOURCE_DIR}/interpose)
target_link_libraries(memtrace_so PRIVATE memtrace_flags)
# Frame pointers, no-builtin: see linux.cmake. __DARWIN_NON_CANCELABLE: of the functions of libSystem those that are no cancellation
# points. no-plt: functions are bound when the library is loaded, not in a hook. no-stack-protector: its guard is a variable of libSystem's that is looked up at each frame.
target_compile_definitions(memtrace_so PRIVATE __DARWIN_NON_CANCELABLE=1 _FORTIFY_SOURCE=0)
target_compile_options(memtrace_so PRIVATE -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-stack-protector -fno-plt
  -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free -fno-builtin-aligned_alloc
  -fno-exceptions -fasynchronous-unwind-tables)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64) # where no-plt needs leave
  target_compile_options(memtrace_so PRIVATE "$<$<COMPILE_LANGUAGE:C>:SHELL:-mllvm -aarch64-macho-enable-nonlazybind>")
endif()
# Nobody refers to the tuples but dyld: a linker that takes out what nobody refers to would leave a library that does nothing.
target_link_options(memtrace_so PRIVATE -Wl,--no-gc-sections)
install(TARGETS memtrace_so LIBRARY DESTINATION lib/memtrace)
install(FILES interpose/memtrace.h DESTINATION include)
