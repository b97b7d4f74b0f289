# SPDX-License-Identifier: MIT
#
# A toolchain for CMake: zig as a cross compiler for macOS. scripts/macos calls it; by hand:
#   cmake -B build/macos-aarch64 --toolchain packaging/macos.cmake -DMACOS_ZIG=/path/to/zig -DMACOS_ARCH=aarch64
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_VERSION 20) # macOS 11
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MACOS_ZIG MACOS_ARCH)
set(MACOS_ARCH aarch64 CACHE STRING "aarch64 or x86_64")
set(MACOS_ZIG zig CACHE FILEPATH "The program zig")
set(CMAKE_SYSTEM_PROCESSOR ${MACOS_ARCH})

# zig is one program with subcommands, and CMake wants one program for each.
set(tools ${CMAKE_BINARY_DIR}/zig)
foreach(tool cc ar ranlib)
  set(arguments ${tool})
  if(tool STREQUAL cc)
    string(APPEND arguments " -target ${MACOS_ARCH}-macos.11.0")
  endif()
  file(WRITE ${tools}/zig-${tool}.new "#!/bin/sh\nexec '${MACOS_ZIG}' ${arguments} \"$@\"\n")
  file(COPY_FILE ${tools}/zig-${tool}.new ${tools}/zig-${tool} ONLY_IF_DIFFERENT)
  file(CHMOD ${tools}/zig-${tool} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
set(CMAKE_C_COMPILER ${tools}/zig-cc)
set(CMAKE_ASM_COMPILER ${tools}/zig-cc)
set(CMAKE_CXX_COMPILER_FORCED TRUE) # nothing here is C++: trying it out would have zig build a whole libc++
set(CMAKE_AR ${tools}/zig-ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${tools}/zig-ranlib CACHE FILEPATH "")
set(CMAKE_INSTALL_NAME_TOOL true CACHE FILEPATH "") # nothing to change: the name is @rpath/...
set(CMAKE_OSX_SYSROOT "" CACHE PATH "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
