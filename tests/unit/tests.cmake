# SPDX-License-Identifier: MIT

# The tracker's own memory, as a module would link it.
add_library(meta OBJECT ${INTERPOSE}/base/aside.c ${INTERPOSE}/base/aside_${CMAKE_SYSTEM_PROCESSOR}.S ${INTERPOSE}/base/key.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c ${INTERPOSE}/base/guard.c ${INTERPOSE}/base/meta.c ${INTERPOSE}/base/meta_image.c ${INTERPOSE}/base/meta_map.c ${INTERPOSE}/base/meta_raw.c ${CMAKE_SOURCE_DIR}/tests/unit/newer.c ${INTERPOSE}/base/libc.c ${INTERPOSE}/base/newer_glibc.c ${INTERPOSE}/base/own.c ${INTERPOSE}/base/pool.c)
target_link_libraries(meta PRIVATE memtrace_flags memtrace_sanitize INTERFACE ${jemalloc_object} $<TARGET_OBJECTS:interpose_linux>)
add_dependencies(meta private_jemalloc)

add_library(meta_slabs OBJECT ${INTERPOSE}/base/aside.c ${INTERPOSE}/base/aside_${CMAKE_SYSTEM_PROCESSOR}.S ${INTERPOSE}/base/key.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c ${INTERPOSE}/base/guard.c ${INTERPOSE}/base/meta_map.c ${INTERPOSE}/base/meta_slabs.c ${CMAKE_SOURCE_DIR}/tests/unit/newer.c ${INTERPOSE}/base/libc.c ${INTERPOSE}/base/newer_glibc.c ${INTERPOSE}/base/own.c ${INTERPOSE}/base/pool.c)
target_link_libraries(meta_slabs PRIVATE memtrace_flags memtrace_sanitize INTERFACE $<TARGET_OBJECTS:interpose_linux>)

memtrace_unit(test_meta meta)
memtrace_unit(test_meta_slabs meta_slabs)
memtrace_unit(test_macos_protected report_objects)
memtrace_unit(test_str ${INTERPOSE}/os/str.c)
memtrace_unit(test_live unit/fake_meta.c unit/newer.c ${INTERPOSE}/base/libc.c ${INTERPOSE}/base/newer_glibc.c ${INTERPOSE}/tables/live.c ${INTERPOSE}/tables/live_big.c ${INTERPOSE}/tables/live_buckets.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c interpose_linux)
memtrace_unit(test_objects unit/fake_meta.c ${INTERPOSE}/tables/objects.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c interpose_linux)
memtrace_unit(test_mappings unit/fake_meta.c ${INTERPOSE}/tables/mappings.c ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c interpose_linux)
memtrace_unit(test_runs ${INTERPOSE}/tables/runs.c ${INTERPOSE}/tables/stretches.c)
memtrace_unit(test_report_views report_objects)
memtrace_unit(test_report_align report_objects)

foreach(name file names reader sizes source text)
  memtrace_unit(test_report_${name} unit/log_builder.c report_objects)
endforeach()
foreach(name answers fold page rises tree)
  memtrace_unit(test_report_${name} unit/folded.c unit/log_builder.c report_objects)
endforeach()
