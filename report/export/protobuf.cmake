# SPDX-License-Identifier: MIT
#
# The formats of `memtrace export` that are Protocol Buffers: what protoc-c makes of the .proto files here, and protobuf-c's library.
# Where these can't be had, memtrace is built without them, and says so.
option(MEMTRACE_PROTOBUF "Build the export formats pprof, otlp and perfetto, with protobuf-c" ON)
set(protobuf_folder ${CMAKE_BINARY_DIR}/export)
set(protobuf_source ${CMAKE_CURRENT_LIST_DIR})
set(protobuf_formats pprof otlp perfetto)
pkg_check_modules(PROTOBUF_C IMPORTED_TARGET libprotobuf-c)
find_program(MEMTRACE_PROTOC_C NAMES protoc-c)
if(MEMTRACE_PROTOBUF AND PROTOBUF_C_FOUND AND MEMTRACE_PROTOC_C)
  file(MAKE_DIRECTORY ${protobuf_folder})
  foreach(format IN LISTS protobuf_formats)
    add_custom_command(OUTPUT ${protobuf_folder}/${format}.pb-c.c ${protobuf_folder}/${format}.pb-c.h
      COMMAND ${MEMTRACE_PROTOC_C} --c_out=${protobuf_folder} --proto_path=${protobuf_source} ${protobuf_source}/${format}.proto
      DEPENDS ${protobuf_source}/${format}.proto COMMENT "Making ${format}.pb-c.c" VERBATIM)
    target_sources(report_objects PRIVATE ${protobuf_source}/${format}.c ${protobuf_folder}/${format}.pb-c.c
      ${protobuf_folder}/${format}.pb-c.h)
    set_source_files_properties(${protobuf_folder}/${format}.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
  endforeach()
  target_sources(report_objects PRIVATE ${protobuf_source}/otlp_answer.c ${protobuf_source}/protobuf.c)
  target_include_directories(report_objects SYSTEM PRIVATE ${protobuf_folder})
  memtrace_third_party(PROTOBUF_C)
else()
  set(protobuf_why "protobuf-c is not here (Debian: apt-get install libprotobuf-c-dev protobuf-c-compiler)")
  if(NOT MEMTRACE_PROTOBUF)
    set(protobuf_why "MEMTRACE_PROTOBUF is off")
  endif()
  message(NOTICE "memtrace is built without the export formats pprof, otlp and perfetto: ${protobuf_why}")
  target_sources(report_objects PRIVATE ${protobuf_source}/no_protobuf.c)
endif()
