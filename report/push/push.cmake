# SPDX-License-Identifier: MIT
#
# `memtrace push`. It opens libcurl at run time; only its header is needed to build it. Without that, memtrace is built without the
# verb's work, and says so.
pkg_check_modules(CURL libcurl)
find_path(MEMTRACE_CURL_INCLUDE curl/curl.h HINTS ${CURL_INCLUDE_DIRS})
if(MEMTRACE_CURL_INCLUDE)
  target_sources(report_objects PRIVATE ${CMAKE_CURRENT_LIST_DIR}/curl.c)
  target_include_directories(report_objects SYSTEM PRIVATE ${MEMTRACE_CURL_INCLUDE})
else()
  message(NOTICE "memtrace is built without push: curl/curl.h is not here (Debian: apt-get install libcurl4-openssl-dev)")
  target_sources(report_objects PRIVATE ${CMAKE_CURRENT_LIST_DIR}/no_curl.c)
endif()
