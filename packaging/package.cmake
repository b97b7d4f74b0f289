# SPDX-License-Identifier: MIT
#
# What a package holds beside the programs, and how CPack makes a .deb and an .rpm of it (scripts/package).

# For programs that use memtrace.h: find_package(memtrace) and pkg-config. There is nothing to link with: the library is preloaded.
include(CMakePackageConfigHelpers)
set(config ${CMAKE_BINARY_DIR}/packaging)
configure_package_config_file(packaging/memtraceConfig.cmake.in ${config}/memtraceConfig.cmake
  INSTALL_DESTINATION lib/cmake/memtrace PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${config}/memtraceConfigVersion.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
configure_file(packaging/memtrace.pc.in ${config}/memtrace.pc @ONLY)
install(FILES ${config}/memtraceConfig.cmake ${config}/memtraceConfigVersion.cmake DESTINATION lib/cmake/memtrace)
install(FILES ${config}/memtrace.pc DESTINATION lib/pkgconfig)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION share/doc/memtrace)

# The system's Python looks in one folder.
if(MEMTRACE_PYTHON_LINKS)
  set(links ${CMAKE_BINARY_DIR}/packaging/links)
  file(MAKE_DIRECTORY ${links})
  foreach(name memtrace memtrace-${PROJECT_VERSION}.dist-info)
    file(CREATE_LINK ../../memtrace/python/${name} ${links}/${name} SYMBOLIC)
    install(FILES ${links}/${name} DESTINATION lib/python3/dist-packages)
  endforeach()
endif()

set(CPACK_PACKAGE_NAME memtrace)
set(CPACK_PACKAGE_VENDOR memtrace)
set(CPACK_PACKAGE_CONTACT "the memtrace project <memtrace@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "which line took the memory: an allocation profiler")
set(CPACK_PACKAGE_DESCRIPTION "memtrace follows every allocation of an unmodified program, by a library that is preloaded, and shows live and\n\
 peak bytes for each line of Python, C, C++ and Rust: tables, trees, leaks, a curve, one HTML page.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
# By dpkg-shlibdeps it would be 2.34, as libc has had the functions of libdl since then. tests/package holds the version.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.17)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, libcurl4")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/prerm)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/packaging/rpm-post)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/packaging/rpm-preun)
# No links to build-ids; and the same bytes each time, by SOURCE_DATE_EPOCH.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost localhost")
# Folders that others may have as well are also this package's, so that none is left behind.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/share/man /usr/share/man/man1)
include(CPack)
