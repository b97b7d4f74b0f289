# SPDX-License-Identifier: MIT
#
# The programs of known/ and torture/, built with musl, and a family of both libcs, in a folder that looks like the build's own to the
# drivers of those tests.

find_program(MUSL_GCC musl-gcc)
set(musl_folder ${CMAKE_BINARY_DIR}/musl)
set(musl_programs "")

# memtrace_musl(FOLDER/NAME SOURCE FLAG...): with --eh-frame-hdr, as the compilers of distributions with musl pass it on
function(memtrace_musl name source)
  cmake_path(GET name PARENT_PATH folder)
  set(libraries ${ARGN})
  list(FILTER libraries INCLUDE REGEX "\\.so$")
  file(MAKE_DIRECTORY ${musl_folder}/${folder})
  add_custom_command(OUTPUT ${musl_folder}/${name}
    COMMAND ${MUSL_GCC} -D_GNU_SOURCE -g -include ${CMAKE_CURRENT_SOURCE_DIR}/musl/lacking.h -o ${musl_folder}/${name}
      ${CMAKE_CURRENT_SOURCE_DIR}/${source} ${ARGN} -Wl,--eh-frame-hdr -Wl,-rpath,${musl_folder}/torture
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source} ${CMAKE_CURRENT_SOURCE_DIR}/musl/lacking.h ${CMAKE_CURRENT_SOURCE_DIR}/programs/known.h
      ${CMAKE_CURRENT_SOURCE_DIR}/torture/torture.h ${libraries} VERBATIM)
  set(musl_programs ${musl_programs} ${musl_folder}/${name} PARENT_SCOPE)
endfunction()

if(MUSL_GCC)
  foreach(name malloc map protect stack climb deep random threads fork inherit)
    foreach(level O0 O2)
      memtrace_musl(known/known_${name}-${level} programs/known_${name}.c -${level})
    endforeach()
  endforeach()
  memtrace_musl(known/known_kill programs/known_kill.c -O2)
  set(torture_flags -O2 -fno-builtin -fno-optimize-sibling-calls)
  foreach(name reentrant handlers)
    memtrace_musl(torture/libtorture_${name}.so torture/${name}.c ${torture_flags} -shared -fPIC)
  endforeach()
  foreach(name fork_many fork_threads spawn exec ends daemon threads detached places realtime holes)
    memtrace_musl(torture/${name} torture/${name}.c ${torture_flags})
  endforeach()
  foreach(name signals inside timer)
    memtrace_musl(torture/${name} torture/${name}.c ${torture_flags} ${musl_folder}/torture/libtorture_reentrant.so)
  endforeach()
  memtrace_musl(torture/waits torture/waits.c ${torture_flags} ${musl_folder}/torture/libtorture_handlers.so)
  memtrace_musl(family/musl musl/family.c -O2)
  add_custom_target(musl_programs ALL DEPENDS ${musl_programs})
  add_executable(musl_family musl/family.c)
  target_compile_definitions(musl_family PRIVATE _GNU_SOURCE)
  target_compile_options(musl_family PRIVATE -g -O2)
  set_target_properties(musl_family PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${musl_folder}/family OUTPUT_NAME glibc)
  foreach(name libmemtrace.so memtrace)
    file(CREATE_LINK ../${name} ${musl_folder}/${name} SYMBOLIC)
  endforeach()
endif()

foreach(part known torture family command)
  memtrace_script(musl/${part} musl/run.py ${CMAKE_BINARY_DIR} ${part})
endforeach()
memtrace_long(musl/torture)
