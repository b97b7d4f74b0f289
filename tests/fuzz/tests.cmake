# SPDX-License-Identifier: MIT
#
# The reader and the views, fuzzed. With MEMTRACE_FUZZER (clang) fuzz_reader is a
# libFuzzer program, see scripts/fuzz; else it replays and mutates by itself.

option(MEMTRACE_FUZZER "fuzz_reader by libFuzzer (clang only)" OFF)

if(MEMTRACE_SANITIZE MATCHES thread)
  return() # there is one thread only
endif()

# The tool without what opens files: world.c stands in for it.
set(fuzz_without report/base/file.c report/verbs/completions.c report/verbs/completions_bash.c report/verbs/completions_fish.c
  report/verbs/completions_zsh.c report/verbs/verbs.c report/verbs/kernel.c report/verbs/compare/memit.c report/verbs/compare/bench.c report/verbs/compare/fresh.c report/verbs/notebook.c report/verbs/run.c report/verbs/compare/run.c report/verbs/program.c report/verbs/plain_path.c report/top/screen.c
  report/symbols/calls.c report/symbols/slots.c report/symbols/tails.c
  report/symbols/symbols_dw.c report/symbols/units.c report/symbols/names.c report/symbols/demangle.c
  report/symbols/find.c report/symbols/folder.c report/symbols/debuginfod.c report/symbols/debuginfod_child.c report/symbols/function_name.c
  report/symbols/macho.c report/symbols/macho_elf.c)
set(fuzz_sources report/export/no_protobuf.c report/push/no_curl.c)
if(MEMTRACE_FUZZER) # compiled for libFuzzer
  list(APPEND fuzz_sources ${REPORT_SOURCES})
  list(REMOVE_ITEM fuzz_sources ${fuzz_without})
else() # the tool's own objects, without those that are no REPORT_SOURCES either
  list(JOIN fuzz_without "|" fuzz_without)
  string(REPLACE "." "[.]" fuzz_without "${fuzz_without}")
  set(fuzz_objects "$<FILTER:$<TARGET_OBJECTS:report_objects>,EXCLUDE,/(${fuzz_without})[.]o$>")
  set(fuzz_objects "$<FILTER:${fuzz_objects},EXCLUDE,/(viewer|no_viewer|pprof|otlp|otlp_answer|perfetto|protobuf|no_protobuf|curl|no_curl|[a-z]+[.]pb-c)[.]c[.]o$>")
endif()
list(TRANSFORM fuzz_sources PREPEND ${CMAKE_SOURCE_DIR}/)
add_library(fuzz_report OBJECT ${fuzz_sources})
target_include_directories(fuzz_report BEFORE PUBLIC ${CMAKE_SOURCE_DIR}/report)
target_link_libraries(fuzz_report PUBLIC memtrace_flags memtrace_sanitize PkgConfig::ZLIB PkgConfig::ZSTD PkgConfig::JANSSON)
add_executable(fuzz_reader fuzz/viewer.c fuzz/target.c fuzz/image.c fuzz/mutate.c fuzz/check.c fuzz/world.c ${fuzz_objects})
target_link_libraries(fuzz_reader PRIVATE fuzz_report Threads::Threads)
foreach(function malloc calloc realloc free vasprintf open fopen isatty getrandom)
  target_link_options(fuzz_reader PRIVATE -Wl,--wrap=${function})
endforeach()
if(MEMTRACE_FUZZER)
  # Without a look at every comparison: the mutations know the format by themselves, and it takes a third of the time.
  target_compile_options(fuzz_report PRIVATE -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
  target_link_options(fuzz_reader PRIVATE -fsanitize=fuzzer)
  add_executable(fuzz_seeds fuzz/seeds_main.c fuzz/seeds.c fuzz/image.c unit/log_builder.c)
  target_link_libraries(fuzz_seeds PRIVATE memtrace_flags)
else()
  target_sources(fuzz_reader PRIVATE fuzz/driver.c fuzz/seeds.c unit/log_builder.c)
  # Every input in every mode, then a fixed number of mutations.
  add_test(NAME fuzz/reader COMMAND fuzz_reader --runs 60000 ${CMAKE_CURRENT_LIST_DIR}/findings)
  set_tests_properties(fuzz/reader PROPERTIES FAIL_REGULAR_EXPRESSION "${sanitizer_complaints}")
  memtrace_long(fuzz/reader)
endif()

# What a view costs, of logs that are made to cost much.
memtrace_script(fuzz/scaling fuzz/scaling.py $<TARGET_FILE:memtrace>)
memtrace_long(fuzz/scaling)

# Files of macOS's.
add_executable(fuzz_macho fuzz/macho.c)
target_include_directories(fuzz_macho BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/report)
target_link_libraries(fuzz_macho PRIVATE memtrace_flags memtrace_sanitize report_objects)
add_test(NAME fuzz/macho COMMAND fuzz_macho 5000)
set_tests_properties(fuzz/macho PROPERTIES FAIL_REGULAR_EXPRESSION "${sanitizer_complaints}")
