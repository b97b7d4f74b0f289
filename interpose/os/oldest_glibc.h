/* SPDX-License-Identifier: MIT
 *
 * The library is preloaded into whatever program, also in a container with an older glibc than the one that it was linked
 * with. glibc 2.32 and 2.34 moved functions of libpthread and libdl into libc, and gave them a new version there beside the one
 * that they have always had. It is the same function: so the old version is asked for, which every glibc has. For what is really
 * new see base/newer.h.
 *
 * Every file is compiled with this one before it (CMakeLists.txt); a name that it does not use leaves no trace.
 * scripts/private-jemalloc reads the same list. The test exports says which glibc is the oldest that will do.
 */
#ifndef MT_OLDEST_GLIBC_H
#define MT_OLDEST_GLIBC_H

#if defined __x86_64__
#define MT_OLD(name, x86_64, aarch64) __asm__(".symver " #name "," #name "@" #x86_64);
#else
#define MT_OLD(name, x86_64, aarch64) __asm__(".symver " #name "," #name "@" #aarch64);
#endif

/* clang-format off */
MT_OLD(dladdr, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(dladdr1, GLIBC_2.3.3, GLIBC_2.17)
MT_OLD(dlerror, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(dlopen, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(dlsym, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(dlvsym, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_join, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_key_create, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_key_delete, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_mutex_trylock, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_mutexattr_destroy, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_mutexattr_init, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_mutexattr_settype, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_setspecific, GLIBC_2.2.5, GLIBC_2.17)
MT_OLD(pthread_sigmask, GLIBC_2.2.5, GLIBC_2.17)
/* clang-format on */

#endif
