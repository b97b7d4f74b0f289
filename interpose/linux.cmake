# SPDX-License-Identifier: MIT
# libmemtrace.so

set(INTERPOSE_SOURCES # from the ground up: each folder uses itself and those before it
  interpose/os/linux.c interpose/os/linux_call.c interpose/os/linux_create.c interpose/os/linux_maps.c interpose/os/linux_place.c interpose/os/linux_process.c interpose/os/linux_read.c interpose/os/linux_say.c interpose/os/linux_user.c interpose/os/raw_${CMAKE_SYSTEM_PROCESSOR}.S interpose/os/str.c interpose/os/transfer.c
  interpose/base/aside.c interpose/base/aside_${CMAKE_SYSTEM_PROCESSOR}.S interpose/base/config.c interpose/base/guard.c interpose/base/key.c interpose/base/libc.c interpose/base/local_elf.c interpose/base/lock.c interpose/base/meta.c interpose/base/meta_image.c interpose/base/meta_map.c interpose/base/meta_raw.c interpose/base/newer_glibc.c interpose/base/own.c interpose/base/pool.c
  interpose/log/file.c interpose/log/intern.c interpose/log/log.c interpose/log/open.c interpose/log/view.c
  interpose/loader/build_id_elf.c interpose/loader/foreign_program.c interpose/loader/foreign_program_elf.c interpose/loader/heap_glibc.c interpose/loader/library_elf.c interpose/loader/modules.c interpose/loader/object_glibc.c interpose/loader/object_list_glibc.c interpose/loader/program.c interpose/loader/program_glibc.c interpose/loader/real.c
    interpose/loader/symbol.c
  interpose/unwind/bounds_linux.c interpose/unwind/bounds_musl.c interpose/unwind/cfi.c interpose/unwind/cfi_program.c interpose/unwind/elf/tables.c interpose/unwind/expression.c interpose/unwind/full_libunwind.c interpose/unwind/rows.c interpose/unwind/rule.c
    interpose/unwind/stack.c interpose/unwind/tail.c interpose/unwind/tail_find.c interpose/unwind/unwind.c interpose/unwind/walk.c interpose/unwind/whole.c
  interpose/foreign/interpreter.c interpose/foreign/merge.c interpose/foreign/pair.c
  interpose/python/attach.c interpose/python/code.c interpose/python/command.c interpose/python/interpreter.c interpose/python/layout.c
    interpose/python/leave.c interpose/python/lines.c interpose/python/memory.c interpose/python/stack.c interpose/python/text.c
    interpose/python/thread.c interpose/python/walk.c
  interpose/tables/account.c interpose/tables/capture.c interpose/tables/counters.c interpose/tables/finish.c interpose/tables/inherited.c interpose/tables/live.c
    interpose/tables/live_big.c interpose/tables/live_buckets.c
    interpose/tables/mappings.c interpose/tables/objects.c interpose/tables/period.c interpose/tables/recent.c interpose/tables/runs.c interpose/tables/slack.c
    interpose/tables/slots.c interpose/tables/stretches.c interpose/tables/tables.c interpose/tables/timeline.c interpose/tables/tree.c
  interpose/process/start.c interpose/process/summary.c interpose/process/untraced.c
  interpose/hooks/allocators.c interpose/hooks/cxx.c interpose/hooks/dl.c interpose/hooks/enter.c
    interpose/hooks/exec.c interpose/hooks/leaving.c interpose/hooks/nested.c interpose/hooks/malloc.c interpose/hooks/map.c interpose/hooks/mapped.c
    interpose/hooks/mapping.c interpose/hooks/protect.c interpose/hooks/shm.c
    interpose/hooks/syscall_${CMAKE_SYSTEM_PROCESSOR}.S interpose/hooks/unload.c interpose/hooks/watch.c
  interpose/hooks/python/begin.c interpose/hooks/python/clients.c interpose/hooks/python/exact.c interpose/hooks/python/exact_count.c interpose/hooks/python/exact_monitor.c
    interpose/hooks/python/exact_names.c interpose/hooks/python/exact_trace.c interpose/hooks/python/objects.c
    interpose/hooks/python/source.c
    interpose/hooks/python/stamp.c
  interpose/hooks/moments.c
  interpose/api.c interpose/init.c)

# The tracker's own memory comes from a private copy of jemalloc, made from the distribution's archive of position
# independent code.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libjemalloc_pic.a
  OUTPUT_VARIABLE jemalloc_found OUTPUT_STRIP_TRAILING_WHITESPACE)
set(MEMTRACE_JEMALLOC "${jemalloc_found}" CACHE FILEPATH "libjemalloc_pic.a")
if(NOT IS_ABSOLUTE "${MEMTRACE_JEMALLOC}" OR NOT EXISTS "${MEMTRACE_JEMALLOC}")
  message(FATAL_ERROR "libjemalloc_pic.a is not here. It is in Debian's package libjemalloc-dev:\n"
    "  apt-get install libjemalloc-dev\n"
    "or say where it is: -DMEMTRACE_JEMALLOC=/path/to/libjemalloc_pic.a")
endif()
# Of glibc before 2.34 (interpose/os/oldest_glibc.h). Later ones have both for such as us, and nothing in them.
foreach(name libdl.so.2 libpthread.so.0)
  execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=${name} OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(IS_ABSOLUTE "${found}")
    list(APPEND old_libraries ${found})
  endif()
endforeach()
set(jemalloc_object ${CMAKE_BINARY_DIR}/private-jemalloc.o)
add_custom_command(OUTPUT ${jemalloc_object}
  COMMAND ${CMAKE_COMMAND} -E env AR=${CMAKE_AR} LD=${CMAKE_LINKER} NM=${CMAKE_NM} OBJCOPY=${CMAKE_OBJCOPY}
    MACHINE=${CMAKE_SYSTEM_PROCESSOR} ${CMAKE_SOURCE_DIR}/scripts/private-jemalloc ${MEMTRACE_JEMALLOC} ${jemalloc_object}
  DEPENDS ${CMAKE_SOURCE_DIR}/scripts/private-jemalloc ${CMAKE_SOURCE_DIR}/interpose/os/oldest_glibc.h ${MEMTRACE_JEMALLOC}
  COMMENT "Making the private jemalloc" VERBATIM)
set_source_files_properties(${jemalloc_object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_custom_target(private_jemalloc DEPENDS ${jemalloc_object})

# Exported: the wrapped functions, of which hooks.def is the one list, what a program may call (memtrace.h), and nothing else.
set(export_map ${CMAKE_BINARY_DIR}/memtrace.map)
set(hooks_def ${CMAKE_SOURCE_DIR}/interpose/hooks.def)
file(STRINGS ${hooks_def} hook_lines REGEX "^MT_HOOK(_LATE|_MAYBE)?\\(")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${hooks_def})
set(MEMTRACE_EXPORTS "")
foreach(line IN LISTS hook_lines)
  string(REGEX REPLACE "^MT_HOOK(_LATE|_MAYBE)?\\(([A-Za-z0-9_]+),.*" "\\2" name "${line}")
  string(APPEND MEMTRACE_EXPORTS "    ${name};\n")
endforeach()
set(api ${CMAKE_SOURCE_DIR}/interpose/memtrace.h)
file(STRINGS ${api} api_lines REGEX "^MEMTRACE_API .*\\($|^MEMTRACE_API .*\\)")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${api})
foreach(line IN LISTS api_lines)
  string(REGEX REPLACE ".*[ *](memtrace_[a-z_]+)\\(.*" "\\1" name "${line}")
  string(APPEND MEMTRACE_EXPORTS "    ${name};\n")
endforeach()
configure_file(interpose/memtrace.map ${export_map} @ONLY)

# A walk by frame pointers gets through the hooks. Elsewhere the register is free: 2 % of an event's instructions.
file(GLOB hook_sources ${CMAKE_SOURCE_DIR}/interpose/hooks/*.c ${CMAKE_SOURCE_DIR}/interpose/hooks/python/*.c)
set_source_files_properties(${hook_sources} PROPERTIES COMPILE_OPTIONS "-fno-omit-frame-pointer;-fno-optimize-sibling-calls")

# memtrace_library(TARGET NAME FILE...): libNAME.so of these sources and objects.
function(memtrace_library target name)
  add_library(${target} SHARED ${ARGN} ${jemalloc_object})
  add_dependencies(${target} private_jemalloc)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINK_DEPENDS ${export_map})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/interpose ${UNWIND_INCLUDE_DIRS})
  target_link_libraries(${target} PRIVATE memtrace_flags)
  # no-builtin: a wrapper may not be turned into a call of the function that it wraps. initial-exec: thread-local variables
  # without a call that allocates.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:-include$<SEMICOLON>${CMAKE_SOURCE_DIR}/interpose/os/oldest_glibc.h>
    -ftls-model=initial-exec
    -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free -fno-builtin-aligned_alloc
    -fno-exceptions -fasynchronous-unwind-tables)
  # -z now: no binding of symbols inside a hook. -z nodelete: nobody may unload it.
  target_link_options(${target} PRIVATE -Wl,--version-script=${export_map} -Wl,--no-undefined -Wl,-z,now -Wl,-z,relro
    -Wl,-z,nodelete -Wl,--as-needed -Wl,-Bsymbolic-functions)
  target_link_libraries(${target} PRIVATE -Wl,--push-state,--no-as-needed ${old_libraries} -Wl,--pop-state)
endfunction()

memtrace_library(memtrace_so memtrace ${INTERPOSE_SOURCES})
check_c_compiler_flag(-fcallgraph-info=su MEMTRACE_TELLS_FRAMES)
if(MEMTRACE_TELLS_FRAMES) # for tests/stack_bound.py: files beside the objects
  target_compile_options(memtrace_so PRIVATE $<$<COMPILE_LANGUAGE:C>:-fcallgraph-info=su>)
endif()
set(MEMTRACE_VERIFY_EVERY 100 CACHE STRING "libmemtrace_verify.so compares one stack in so many with libunwind's")
if(MEMTRACE_TESTS) # two more, of which most objects are the same: they are not compiled again
  # walks every stack again without the memo, some of them by libunwind, and counts differences
  set(verify_sources "")
  set(verify_objects $<TARGET_OBJECTS:memtrace_so>)
  set(verify_words "MEMTRACE_VERIFY_STACKS|mt_unwind_(known|current|doubted|compared)\\(") # what is another in that build: unwind/unwind.h
  foreach(source IN LISTS INTERPOSE_SOURCES)
    file(STRINGS ${CMAKE_SOURCE_DIR}/${source} found REGEX "${verify_words}")
    if(found)
      list(APPEND verify_sources ${source})
      set(verify_objects $<FILTER:${verify_objects},EXCLUDE,/${source}>)
    endif()
  endforeach()
  memtrace_library(memtrace_verify memtrace_verify ${verify_sources} ${CMAKE_SOURCE_DIR}/interpose/unwind/verify.c ${verify_objects})
  target_compile_definitions(memtrace_verify PRIVATE MEMTRACE_VERIFY_STACKS=${MEMTRACE_VERIFY_EVERY})
  # its system calls fail when told to
  memtrace_library(memtrace_faulty memtrace_faulty ${CMAKE_SOURCE_DIR}/tests/hostile/faulty_syscall.c $<TARGET_OBJECTS:memtrace_so>)
  target_link_options(memtrace_faulty PRIVATE -Wl,--wrap=mt_os_raw)
endif()
