# SPDX-License-Identifier: MIT
#
# The viewer of `memtrace html`: packages from npm as package-lock.json names them, and everything bundled into one C file. Where that
# can't be had, memtrace is built without the page, and says so.
option(MEMTRACE_HTML "Build the viewer of memtrace html, with packages from npm" ON)

set(viewer_source ${CMAKE_CURRENT_LIST_DIR})
set(viewer_folder ${CMAKE_BINARY_DIR}/html)
set(viewer_why "")
if(MEMTRACE_HTML)
  find_program(MEMTRACE_NPM npm)
  find_program(MEMTRACE_NODE NAMES node nodejs)
  file(MAKE_DIRECTORY ${viewer_folder})
  file(SHA256 ${viewer_source}/package-lock.json viewer_lock)
  set(viewer_stamp ${viewer_folder}/fetched-${viewer_lock})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${viewer_source}/package-lock.json)
  if(NOT MEMTRACE_NPM OR NOT MEMTRACE_NODE)
    set(viewer_why "npm is not here (Debian: apt-get install npm)")
  elseif(NOT EXISTS ${viewer_stamp})
    file(COPY ${viewer_source}/package.json ${viewer_source}/package-lock.json DESTINATION ${viewer_folder})
    message(STATUS "Fetching the viewer's packages with npm")
    execute_process(COMMAND ${MEMTRACE_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
      WORKING_DIRECTORY ${viewer_folder} RESULT_VARIABLE viewer_result OUTPUT_QUIET ERROR_VARIABLE viewer_error)
    if(viewer_result EQUAL 0)
      file(TOUCH ${viewer_stamp})
    else()
      string(REGEX REPLACE "\n.*" "" viewer_error "${viewer_error}")
      set(viewer_why "npm ci failed: ${viewer_error}")
    endif()
  endif()
else()
  set(viewer_why "MEMTRACE_HTML is off")
endif()

if(viewer_why)
  message(NOTICE "memtrace is built without the verb html: ${viewer_why}")
  target_sources(report_objects PRIVATE ${CMAKE_SOURCE_DIR}/report/page/no_viewer.c)
else()
  file(GLOB viewer_files CONFIGURE_DEPENDS ${viewer_source}/*.js ${viewer_source}/*.css ${viewer_source}/*.html)
  add_custom_command(OUTPUT ${viewer_folder}/viewer.c
    COMMAND ${MEMTRACE_NODE} ${viewer_source}/build.mjs ${viewer_folder}/node_modules ${viewer_folder}/viewer.c
    DEPENDS ${viewer_source}/build.mjs ${viewer_files} ${viewer_stamp}
    COMMENT "Bundling the viewer" VERBATIM)
  target_sources(report_objects PRIVATE ${viewer_folder}/viewer.c)
endif()
