/* SPDX-License-Identifier: MIT */
#include "resolve/rules.h"

#include <stdint.h>
#include <string.h>

/* A word matches as a whole; each * in it stands for any characters, or none. */

/* Names of files: of a module's path, what is behind the last slash. */
static const char *const runtimes[] = {
    /* libc and the loader */
    "ld-*", "ld.so*", "libc.so*", "libc-*", "libm.so*", "libm-*", "libmvec*", "libpthread*",
    "libdl.so*", "libdl-*", "librt.so*", "librt-*", "libresolv*", "libnss_*", "libnsl*",
    "libutil.*", "libanl.*", "libcrypt.*", "libthread_db*", "ISO8859*", "UTF-*", "linux-vdso*",
    "[vdso]",
    /* the same of macOS */
    "libSystem.*", "libsystem_*", "libdyld.*", "dyld", "libdispatch.*", "libxpc.*",
    /* of compilers */
    "libgcc_s*", "libstdc++*", "libc++*", "libunwind*", "libgomp*", "libomp.*", "libiomp*",
    "libatomic*", "libgfortran*", "libquadmath*", "libasan*", "libubsan*", "libtsan*", "liblsan*",
    "libclang_rt.*", "libstd-*", "libobjc*", "libgo.*", "libgphobos*", "libphobos*", "libgnat*",
    /* allocators */
    "libjemalloc*", "libtcmalloc*", "libmimalloc*", "libtbbmalloc*", "libhoard*", "libmemtrace.so*",
    "libmemtrace.dylib",
    /* interpreters, as libraries */
    "libpython*", "libperl.*", "libruby*", "libjvm.*", "libnode.*", "libv8*", "liblua*", "libtcl*",
    "libguile*", "libR.*", "libjulia*", "libmono*", "libcoreclr*"};

/* Paths of source files. */
static const char *const runtime_sources[] = {
    "/usr/include/*",       "/usr/local/include/*",    "*/include/c++/*",
    "/usr/lib/gcc/*",       "/usr/lib/llvm*",          "/rustc/*",
    "/rust/deps/*",         "/usr/src/rustc*",         "*/library/alloc/src/*",
    "*/library/core/src/*", "*/library/std/src/*",     "*/lib/rustlib/src/*",
    "*/.cargo/registry/*",  "*/share/cargo/registry/*"};

/* Names of functions without line information, without what they return: of languages' standard libraries, whose templates are compiled
 * into programs. */
static const char *const runtime_names[] = {"std::*", "__gnu_cxx::*", "__cxxabiv1::*"};

/* Names of functions, without their parameters. */
static const char *const shims[] = {
    /* C */
    "xmalloc", "xcalloc", "xrealloc", "xzalloc", "xmalloc0", "xnmalloc", "xnrealloc", "x2realloc",
    "x2nrealloc", "xreallocarray", "xpalloc", "xmemdup", "xmemdup0", "xstrdup", "xstrndup",
    "safe_malloc", "safe_calloc", "safe_realloc", "safe_strdup", "checked_malloc", "checked_calloc",
    "checked_realloc", "emalloc", "ecalloc", "erealloc", "estrdup", "zmalloc", "zcalloc",
    "zcalloc_num", "zrealloc", "ztrymalloc", "ztrycalloc", "ztryrealloc", "zmalloc_usable",
    "zcalloc_usable", "zrealloc_usable", "ztrymalloc_usable", "ztrymalloc_usable_internal",
    "ztrycalloc_usable", "ztrycalloc_usable_internal", "ztryrealloc_usable",
    "ztryrealloc_usable_internal", "zstrdup", "do_xmalloc", "xmallocz", "xmallocz_gently",
    "do_xmallocz", "xmemdupz", "CRYPTO_malloc", "CRYPTO_zalloc", "CRYPTO_realloc", "CRYPTO_strdup",
    "CRYPTO_memdup", "av_malloc", "av_mallocz", "av_calloc", "av_realloc", "av_realloc_f",
    "av_strdup", "sqlite3MemMalloc", "sqlite3MemRealloc", "sqlite3Malloc", "sqlite3Realloc",
    "sqlite3_malloc", "sqlite3_malloc64", "sqlite3_realloc", "sqlite3_realloc64",
    "sqlite3MallocZero", "mallocWithAlarm", "sqlite3DbMallocRaw", "sqlite3DbMallocRawNN",
    "sqlite3DbMallocZero", "dbMallocRawFinish", "sqlite3DbRealloc", "sqlite3DbReallocOrFree",
    "dbReallocFinish", "jv_mem_alloc", "jv_mem_alloc_unguarded", "jv_mem_calloc",
    "jv_mem_calloc_unguarded", "jv_mem_realloc", "jv_mem_strdup", "jv_mem_strdup_unguarded",
    "Perl_safesysmalloc", "Perl_safesyscalloc", "Perl_safesysrealloc", "uv__malloc", "uv__calloc",
    "uv__realloc", "uv__reallocf", "uv__strdup", "uv__strndup", "ngx_alloc", "ngx_calloc",
    "ngx_memalign", "l_alloc", "luaM_malloc_", "luaM_realloc_", "luaM_saferealloc_",
    "luaM_growaux_", "bfd_malloc", "bfd_zmalloc", "bfd_realloc", "bfd_realloc_or_free",
    "png_malloc", "png_malloc_base", "png_malloc_warn", "png_calloc", "ruby_xmalloc",
    "ruby_xmalloc2", "ruby_xcalloc", "ruby_xrealloc", "ruby_xrealloc2", "objspace_xmalloc0",
    "objspace_xcalloc", "objspace_xrealloc", "__gmp_default_allocate", "__gmp_default_reallocate",
    "g_malloc", "g_malloc0", "g_malloc_n", "g_malloc0_n", "g_realloc", "g_realloc_n",
    "g_try_malloc", "g_try_malloc0", "g_try_realloc", "g_strdup", "g_strndup", "g_memdup",
    "g_memdup2",
    /* C++ */
    "llvm::safe_malloc", "llvm::allocate_buffer", "operator new*", "operator delete*",
    "std::allocator<*", "std::__new_allocator<*", "std::allocator_traits<*",
    "std::__allocator_traits_base*", "__gnu_cxx::new_allocator<*", "__gnu_cxx::__alloc_traits<*",
    "std::__allocate_guarded*", "std::__1::allocator<*", "std::__1::allocator_traits<*",
    "std::__1::__libcpp_allocate*", "std::__1::__libcpp_operator_new*",
    "std::__1::__allocate_at_least*",
    /* Rust */
    "alloc::alloc::*", "alloc::boxed::box_new_uninit", "<alloc::alloc::Global*", "__rust_alloc*",
    "__rust_realloc*", "__rustc::__r*", "__rdl_*", "__rg_*", "std::sys::alloc::*",
    "std::sys::pal::unix::alloc::*", "<std::alloc::System*", "std::alloc::*"};

/* Names of functions. */
static const char *const starts[] = {"_start", "__start"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* The text ends with a NUL or after `length` bytes. Not fnmatch, which takes most of its time to make wide characters of both. */
static bool matches(const char *rule, const char *text, size_t length)
{
    const char *behind_star = NULL;
    size_t from = 0;
    for (size_t at = 0; at < length && text[at];) {
        if (*rule == '*') {
            behind_star = ++rule;
            from = at;
            if (!*rule)
                return true;
        } else if (*rule == text[at]) {
            rule++;
            at++;
        } else if (behind_star) {
            rule = behind_star;
            at = ++from;
        } else { /* as nearly always */
            return false;
        }
    }
    return !rule[strspn(rule, "*")];
}

static bool any(const char *const *list, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (matches(list[i], text, length))
            return true;
    return false;
}

bool rules_runtime(const char *module)
{
    const char *slash = strrchr(module, '/');
    const char *base = slash ? slash + 1 : module;
    return any(runtimes, COUNT(runtimes), base, strlen(base));
}

bool rules_runtime_source(const char *file)
{
    return any(runtime_sources, COUNT(runtime_sources), file, strlen(file));
}

/* Behind the type that a template's name begins with: "void std::f<int>(int)". */
static const char *without_type(const char *name)
{
    size_t open = 0;
    const char *begin = name;
    for (const char *p = name; *p && strncmp(p, "operator", strlen("operator")) != 0; p++) {
        if (*p == '(' && !open)
            break;
        open += *p == '<' || *p == '(';
        open -= open && (*p == '>' || *p == ')');
        if (*p == ' ' && !open)
            begin = p + 1;
    }
    return begin;
}

bool rules_runtime_name(const char *name)
{
    name = without_type(name);
    return any(runtime_names, COUNT(runtime_names), name, strlen(name));
}

bool rules_shim(const char *name)
{
    return any(shims, COUNT(shims), name, strcspn(name, "("));
}

bool rules_start(const char *name)
{
    return any(starts, COUNT(starts), name, strlen(name));
}

static const struct resident residents[] = {
#define RESIDENT(scope, name, module, file, function)                                              \
    {RESIDENT_##scope, name, module, file, function},
#include "resolve/residents.def"
#undef RESIDENT
};

static bool fits(const char *rule, const char *text)
{
    return !*rule || (text && matches(rule, text, SIZE_MAX));
}

const struct resident *rules_resident(const char *module, const char *file, const char *function,
                                      bool keeps_only)
{
    for (size_t i = 0; i < COUNT(residents); i++) {
        const struct resident *one = &residents[i];
        if ((one->scope == RESIDENT_KEEPS || !keeps_only) && fits(one->module, module) &&
            fits(one->file, file) && fits(one->function, function))
            return one;
    }
    return NULL;
}

/* One row a rule; a name is not repeated. */
static void print_residents(FILE *out)
{
    fputs("Memory that is there to stay, by the frames that it is allocated under (memtrace leaks "
          "leaves it out):\n",
          out);
    for (size_t i = 0; i < COUNT(residents); i++) {
        const struct resident *one = &residents[i];
        if (!i || strcmp(one->name, residents[i - 1].name) != 0)
            fprintf(out, "    %s%s\n", one->name,
                    one->scope == RESIDENT_WHOLE ? ", with what they call" : "");
        fprintf(out, "       %s%s%s%s%s%s\n", *one->function ? " function " : "", one->function,
                *one->file ? " file " : "", one->file, *one->module ? " in " : "", one->module);
    }
    fputc('\n', out);
}

static void print_list(FILE *out, const char *title, const char *const *list, size_t count)
{
    size_t column = 0;
    fprintf(out, "%s:\n", title);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = strlen(list[i]);
        bool wrap = column && column + bytes + 3 > 100;
        fprintf(out, "%s%s%s", wrap ? "\n" : "", wrap || !column ? "    " : ", ", list[i]);
        column = wrap || !column ? 4 + bytes : column + 2 + bytes;
    }
    fputs("\n\n", out);
}

void rules_print(FILE *out)
{
    fputs(
        "What memtrace knows by its name. A * at the end stands for any end, one at both ends for "
        "anywhere.\n\n",
        out);
    print_list(out, "Runtimes, which are never your own code: files called", runtimes,
               COUNT(runtimes));
    print_list(out, "Source files of runtimes and packages, whatever they were compiled into",
               runtime_sources, COUNT(runtime_sources));
    print_list(out, "Functions of runtimes, where no source file is known", runtime_names,
               COUNT(runtime_names));
    print_list(out,
               "Allocator shims, functions that only pass memory on to their callers, and are left "
               "out of stacks without --shims",
               shims, COUNT(shims));
    print_residents(out);
    print_list(out, "Where a program begins, before any line of it", starts, COUNT(starts));
}
