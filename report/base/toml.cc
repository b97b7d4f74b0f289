// SPDX-License-Identifier: MIT
#define TOML_EXCEPTIONS        0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_HEADER_ONLY       1
#include "base/toml.h"

#include <errno.h>
#include <string.h>

#include <string>
#include <toml++/toml.h>

extern "C" {
#include "base/base.h"
}

namespace
{

struct walk {
    const char *path;
    bool (*take)(void *context, const struct toml_value *value);
    void *context;
    const char *keys[TOML_DEPTH];
    size_t depth = 0;
};

toml_kind kind_of(const toml::node &node)
{
    return node.is_string()           ? TOML_TEXT
           : node.is_integer()        ? TOML_INTEGER
           : node.is_floating_point() ? TOML_FLOAT
           : node.is_boolean()        ? TOML_BOOLEAN
           : node.is_array()          ? TOML_LIST
           : node.is_table()          ? TOML_TABLE
                                      : TOML_OTHER;
}

bool value(walk &walk, const toml::node &node)
{
    struct toml_value one = {};
    one.keys = walk.keys;
    one.depth = walk.depth;
    one.kind = kind_of(node);
    if (one.kind == TOML_TEXT)
        one.text = node.as_string()->get().c_str();
    else if (one.kind == TOML_INTEGER)
        one.integer = node.as_integer()->get();
    else if (one.kind == TOML_FLOAT)
        one.number = node.as_floating_point()->get();
    else if (one.kind == TOML_BOOLEAN)
        one.integer = node.as_boolean()->get();
    one.line = node.source().begin.line;
    one.column = node.source().begin.column;
    return walk.take(walk.context, &one);
}

bool table(walk &walk, const toml::table &in)
{
    for (auto &&[key, node] : in) {
        std::string name(key.str());
        if (walk.depth == TOML_DEPTH) {
            base_say("%s:%u: tables are nested too deeply", walk.path,
                     (unsigned)key.source().begin.line);
            return false;
        }
        walk.keys[walk.depth++] = name.c_str();
        bool good = value(walk, node) && (!node.is_table() || table(walk, *node.as_table()));
        walk.depth--;
        if (!good)
            return false;
    }
    return true;
}

} // namespace

extern "C" bool toml_read(const char *path,
                          bool (*take)(void *context, const struct toml_value *value),
                          void *context)
{
    std::string text;
    char part[65536];
    size_t bytes;
    FILE *file = fopen(path, "re");
    while (file && text.size() <= (16u << 20) && (bytes = fread(part, 1, sizeof part, file)) > 0)
        text.append(part, bytes);
    if (!file || ferror(file)) {
        base_say("%s: %s", path, strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    fclose(file);
    if (text.size() > 16u << 20) {
        base_say("%s: larger than 16 MiB", path);
        return false;
    }
    toml::parse_result parsed = toml::parse(text, std::string_view(path));
    if (!parsed) {
        const toml::parse_error &error = parsed.error();
        base_say("%s:%u:%u: %s", path, (unsigned)error.source().begin.line,
                 (unsigned)error.source().begin.column, std::string(error.description()).c_str());
        return false;
    }
    walk walk = {path, take, context, {}, 0};
    return table(walk, parsed.table());
}
