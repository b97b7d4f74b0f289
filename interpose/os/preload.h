/* SPDX-License-Identifier: MIT
 *
 * How a program gets this library without knowing of it: an environment variable, and the library's name in it.
 */
#ifndef MT_OS_PRELOAD_H
#define MT_OS_PRELOAD_H

#if defined(__APPLE__)
#define MT_PRELOAD            "DYLD_INSERT_LIBRARIES"
#define MT_PRELOAD_SEPARATORS ":"
#define MT_LIBRARY            "libmemtrace.dylib"
#else
#define MT_PRELOAD            "LD_PRELOAD"
#define MT_PRELOAD_SEPARATORS " :"
#define MT_LIBRARY            "libmemtrace.so"
#endif

#endif
