/* SPDX-License-Identifier: MIT */
#include "fold/runtimes.h"

#include <stdbool.h>
#include <string.h>

/* By what a process is known to have it: a loaded file of this name, before its version or ending, or a function on a stack whose name
 * begins so. */
static const struct known {
    struct runtime runtime;
    const char *files[2];
    const char *function;
} known[] = {
    {{"Go's", NULL},
     {NULL},
     "x_cgo_mmap"}, /* by which Go gets memory where it is linked with libc, and can be traced */
    {{"JavaScript's (V8's)", "node --perf-basic-prof"}, {"libnode"}, "v8::internal::"},
    {{"JavaScript's (JavaScriptCore's)", NULL}, {"libjavascriptcoregtk"}, NULL},
    {{"JavaScript's (SpiderMonkey's)", NULL}, {"libmozjs"}, NULL},
    {{"Java's", "jcmd PID Compiler.perfmap"}, {"libjvm"}, NULL},
    {{".NET's", "DOTNET_PerfMapEnabled=1"}, {"libcoreclr"}, NULL},
    {{"Mono's", NULL}, {"libmonosgen"}, NULL},
    {{"LuaJIT's", NULL}, {"libluajit", "luajit"}, NULL},
    {{"PyPy's", NULL}, {"libpypy", "pypy"}, NULL},
    {{"Julia's", NULL}, {"libjulia"}, NULL},
};
#define KNOWN (sizeof known / sizeof known[0])

static bool is_file(struct log_text path, const char *name)
{
    const struct log_text file = log_file_name(path);
    size_t length = strlen(name);
    if (file.bytes < length || memcmp(file.text, name, length) != 0)
        return false;
    return file.bytes == length || strchr("-.0123456789", file.text[length]);
}

static bool has_file(const struct log *log, const struct known *one)
{
    for (size_t i = 0; i < log->module_count; i++)
        for (size_t k = 0; k < sizeof one->files / sizeof one->files[0] && one->files[k]; k++)
            if (log->modules[i].known && is_file(log->modules[i].path, one->files[k]))
                return true;
    return false;
}

static bool has_function(const struct frames *frames, const char *name)
{
    for (size_t i = 0; name && i < frames->function_count; i++)
        if (frames->functions[i].name &&
            !strncmp(strings_get(&frames->strings, frames->functions[i].name), name, strlen(name)))
            return true;
    return false;
}

const struct runtime *runtimes_next(const struct stacks *stacks, unsigned *at)
{
    while (*at < KNOWN) {
        const struct known *one = &known[(*at)++];
        if (has_file(&stacks->log, one) || has_function(&stacks->frames, one->function))
            return &one->runtime;
    }
    return NULL;
}
