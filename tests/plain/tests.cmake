# SPDX-License-Identifier: MIT
if(NOT MEMTRACE_SANITIZE MATCHES thread) # TSan can't see what jemalloc's code does
  memtrace_plain(meta_fork meta)
  memtrace_plain(meta_fork_slabs meta_slabs)
endif()

# Another thread at the worst instant of a table's look-up.
memtrace_plain(race_frames unit/fake_meta.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c interpose_linux)
memtrace_plain(race_modules unit/fake_meta.c ${INTERPOSE}/loader/build_id_elf.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c interpose_linux)

# A thread of real-time priority at every instant while a lock is dropped.
memtrace_plain(lock_lent ${INTERPOSE}/base/local_elf.c interpose_linux)
set_tests_properties(plain/lock_lent PROPERTIES SKIP_RETURN_CODE 77)

memtrace_plain(filters ${INTERPOSE}/os/linux.c ${INTERPOSE}/os/transfer.c ${INTERPOSE}/os/linux_place.c ${INTERPOSE}/os/linux_user.c ${INTERPOSE}/os/raw_${CMAKE_SYSTEM_PROCESSOR}.S)

# The unwinder, in code of several kinds. It reads stacks and code as they are, so ASan must stay away.
add_library(unwind_sanitize INTERFACE)
if(NOT MEMTRACE_SANITIZE MATCHES address)
  target_link_libraries(unwind_sanitize INTERFACE memtrace_sanitize)
endif()
file(GLOB unwinder ${INTERPOSE}/unwind/*.c ${INTERPOSE}/unwind/elf/*.c)
add_library(unwind_check OBJECT plain/unwind_check.c ${unwinder} unit/fake_meta.c ${INTERPOSE}/base/local_elf.c ${CMAKE_SOURCE_DIR}/tests/unit/newer.c ${INTERPOSE}/base/libc.c ${INTERPOSE}/base/newer_glibc.c ${INTERPOSE}/loader/object_glibc.c ${INTERPOSE}/loader/object_list_glibc.c)
target_link_libraries(unwind_check PRIVATE memtrace_flags unwind_sanitize)
if(MEMTRACE_SANITIZE) # not the same flags
  set(unwind_linux ${INTERPOSE_LINUX})
  target_sources(unwind_check PRIVATE ${unwind_linux})
else()
  set(unwind_linux $<TARGET_OBJECTS:interpose_linux>)
  target_link_libraries(unwind_check INTERFACE ${unwind_linux})
endif()
target_include_directories(unwind_check PRIVATE ${UNWIND_INCLUDE_DIRS})
memtrace_plain(unwind_forked unwind_check)
memtrace_plain(unwind_rules unwind_check)
memtrace_plain(unwind_points unwind_check)
set(unwind_kinds -O0 -O2 -fomit-frame-pointer -fno-plt)
# Return addresses are signed where the processor can, jumps land at a mark. Before, libunwind, with which the tests compare, ends at the first.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64 AND UNWIND_VERSION VERSION_GREATER_EQUAL 1.8)
  list(APPEND unwind_kinds -mbranch-protection=standard)
endif()
foreach(test calls signals exceptions frames_${CMAKE_SYSTEM_PROCESSOR})
  file(GLOB there plain/unwind_${test}.*)
  if(there AND NOT (test STREQUAL signals AND MEMTRACE_SANITIZE MATCHES thread)) # TSan holds signals back
    memtrace_plain(unwind_${test} unwind_check)
    foreach(option IN LISTS unwind_kinds)
      string(REGEX REPLACE "^-[fm]?|=.*" "" kind ${option})
      add_executable(unwind_${test}_${kind} ${there})
      target_link_libraries(unwind_${test}_${kind} PRIVATE unwind_check memtrace_flags unwind_sanitize Threads::Threads)
      target_compile_options(unwind_${test}_${kind} PRIVATE -O2 ${option})
      add_test(NAME plain/unwind_${test}_${kind} COMMAND unwind_${test}_${kind})
    endforeach()
  endif()
endforeach()
foreach(room 1000 2000)
  add_library(unwind_library_${room} MODULE plain/unwind_library.c)
  target_compile_definitions(unwind_library_${room} PRIVATE ROOM=${room})
endforeach()
add_executable(unwind_unload plain/unwind_unload.c)
target_link_libraries(unwind_unload PRIVATE unwind_check memtrace_flags unwind_sanitize Threads::Threads ${CMAKE_DL_LIBS})
add_test(NAME plain/unwind_unload
  COMMAND unwind_unload $<TARGET_FILE:unwind_library_1000> $<TARGET_FILE:unwind_library_2000>)
add_executable(unwind_bench plain/unwind_bench.c) # not a test
target_link_libraries(unwind_bench PRIVATE unwind_check memtrace_flags Threads::Threads)
add_executable(object_list plain/object_list.c unit/fake_meta.c ${INTERPOSE}/base/local_elf.c ${CMAKE_SOURCE_DIR}/tests/unit/newer.c ${INTERPOSE}/base/libc.c ${INTERPOSE}/base/newer_glibc.c ${INTERPOSE}/loader/object_glibc.c ${INTERPOSE}/loader/object_list_glibc.c ${unwind_linux})
target_link_libraries(object_list PRIVATE memtrace_flags Threads::Threads ${CMAKE_DL_LIBS})
target_include_directories(object_list PRIVATE ${INTERPOSE})
add_test(NAME plain/object_list COMMAND object_list $<TARGET_FILE:unwind_library_1000> $<TARGET_FILE:unwind_library_2000>)
