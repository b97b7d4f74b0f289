/* SPDX-License-Identifier: MIT */
#include "resolve/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"
#include "base/text.h"
#include "resolve/encoding.h"
#include "resolve/source_map.h"

#define SOURCE_MAX_BYTES  ((size_t)64 << 20)
#define SOURCES_MAX_BYTES ((size_t)256 << 20)
#define LINE_MAX_BYTES    65536u
#define TAB_COLUMNS       8u
#define DECORATORS        1000u /* lines of a function's decorators */

static void source_split(struct source *source)
{
    size_t count = 0;
    for (size_t i = 0; i < source->bytes; i++)
        count += source->text[i] == '\n';
    source->lines = base_alloc(count + 2, sizeof *source->lines);
    for (size_t i = 0; i < source->bytes;) {
        source->lines[source->line_count++] = (uint32_t)i;
        const char *end = memchr(source->text + i, '\n', source->bytes - i);
        i = end ? (size_t)(end - source->text) + 1 : source->bytes;
    }
    source->lines[source->line_count] = (uint32_t)source->bytes;
}

/* The same for a text of a file's, which may be in another encoding. */
static void source_lines(struct source *source)
{
    source_split(source);
    iconv_t encoding = encoding_open(source->text, source->bytes);
    source->encoding = encoding == ENCODING_NONE ? NULL : encoding;
}

/* `mapped`: where it is now, of which the time says nothing; NULL: where it was. */
static void source_load(struct source *source, int folder, const char *mapped, size_t most)
{
    struct stat info;
    int fd = file_open(mapped ? AT_FDCWD : folder, mapped ? mapped : source->path, &info);
    if (fd < 0)
        return;
    if (info.st_size >= 0 && (size_t)info.st_size <= most) {
        source->text = base_alloc((size_t)info.st_size + 1, 1);
        source->bytes = file_read(fd, source->text, (size_t)info.st_size);
        if (!mapped)
            source->modified =
                (uint64_t)info.st_mtim.tv_sec * 1000000000u + (uint64_t)info.st_mtim.tv_nsec;
        source_lines(source);
    }
    close(fd);
}

/* As it was when the log was packed; one that is not in the pack has no text. */
static void source_unpack(struct pack *pack, struct source *source)
{
    struct pack_part part;
    struct pack_source kept;
    if (!pack_find(pack, PACK_SOURCE, source->path, &part) || part.bytes < sizeof kept)
        return;
    memcpy(&kept, part.data, sizeof kept);
    source->modified = kept.modified;
    source->changed = kept.flags & PACK_CHANGED;
    source->mixed = kept.flags & PACK_MIXED;
    if (kept.flags & PACK_TEXT) {
        source->bytes = part.bytes - sizeof kept;
        source->text = base_alloc(source->bytes + 1, 1);
        memcpy(source->text, (const char *)part.data + sizeof kept, source->bytes);
    }
}

/* The place of the path's stamp; *made: it is new, and empty. */
static struct log_stamp *stamp_at(struct sources *sources, const char *path, bool *made)
{
    size_t known = sources->stamped.count;
    size_t id = strings_add(&sources->stamped, path, strlen(path));
    *made = id > known;
    sources->stamps = base_room(sources->stamps, &sources->stamps_cap, id, sizeof *sources->stamps);
    if (*made)
        sources->stamps[id - 1] = (struct log_stamp){0};
    return &sources->stamps[id - 1];
}

void sources_stamp(struct sources *sources, const char *path, const struct log_stamp *stamp)
{
    bool made;
    struct log_stamp *mine = stamp_at(sources, path, &made);
    if (made)
        *mine = *stamp;
}

/* Take the text away from a file that is not what it was: by the hash, else by size and time. */
static void source_compare(struct sources *sources, struct source *source)
{
    bool made;
    const struct log_stamp *stamp = stamp_at(sources, source->path, &made);
    source->mixed = stamp->changes > 0;
    if (!stamp->known || !source->text)
        return;
    bool same = stamp->bytes == source->bytes &&
                (stamp->hash ? stamp->hash == log_hash(source->text, source->bytes)
                             : !source->modified || stamp->modified == source->modified);
    if (same)
        return;
    source->changed = true;
    free(source->text);
    free(source->lines);
    source->text = NULL;
    source->lines = NULL;
    source->bytes = source->line_count = 0;
}

/* The most bytes that one more may have. */
static size_t source_room(const struct sources *sources)
{
    size_t left = SOURCES_MAX_BYTES > sources->bytes ? SOURCES_MAX_BYTES - sources->bytes : 0;
    return left < SOURCE_MAX_BYTES ? left : SOURCE_MAX_BYTES;
}

/* The source that is called so; *made: it is new. */
static struct source *sources_find(struct sources *sources, const char *path, bool *made)
{
    uint32_t id = strings_add(&sources->paths, path, strlen(path));
    *made = id > sources->count;
    if (!*made)
        return sources->list[id - 1];
    struct source *source = base_alloc(1, sizeof *source);
    sources->list =
        base_room(sources->list, &sources->cap, sources->count + 1, sizeof *sources->list);
    sources->list[sources->count++] = source;
    source->path = base_copy(path, strlen(path));
    return source;
}

void sources_put(struct sources *sources, const char *path, const char *text, size_t bytes)
{
    bool made;
    struct source *source = sources_find(sources, path, &made);
    if (!made || bytes > source_room(sources))
        return;
    source->text = base_copy(text, bytes);
    source->bytes = bytes;
    source_split(source);
    sources->bytes += source->bytes + source->line_count * sizeof *source->lines;
}

const struct source *sources_get(struct sources *sources, const char *path)
{
    bool made;
    struct source *source = sources_find(sources, path, &made);
    if (!made)
        return source;
    size_t length = strlen(path);
    if (path[0] == '<' && path[length - 1] == '>')
        return source;
    if (sources->pack) {
        source_unpack(sources->pack, source);
        if (source->text)
            source_lines(source);
        return source;
    }
    char *mapped = source_map(sources->folder, path);
    int folder = AT_FDCWD;
    if (sources->folder && path[0] != '/')
        folder = open(sources->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder != -1)
        source_load(source, folder, mapped, source_room(sources));
    free(mapped);
    source_compare(sources, source);
    if (folder >= 0)
        close(folder);
    sources->bytes += source->bytes + source->line_count * sizeof *source->lines;
    return source;
}

/* Tabs become blanks; a form feed in front, which stands for a new page, goes. */
static char *line_expanded(const char *text, size_t length)
{
    size_t tabs = 0, used = 0, column = 0, bytes;
    for (size_t i = 0; i < length; i++)
        tabs += text[i] == '\t';
    char *out = base_alloc(length + tabs * TAB_COLUMNS + 1, 1);
    for (size_t i = 0; i < length; i += bytes) {
        uint32_t code;
        bytes = text_decode(text + i, length - i, &code);
        bytes = bytes ? bytes : 1;
        if (text[i] == '\t') {
            do
                out[used++] = ' ';
            while (++column % TAB_COLUMNS);
        } else if (column || text[i] != '\f') {
            memcpy(out + used, text + i, bytes);
            used += bytes;
            column += text_width(text + i, bytes);
        }
    }
    return out;
}

/* At most LINE_MAX_BYTES of it, whole characters. */
static size_t line_bound(const char *text, size_t length)
{
    if (length <= LINE_MAX_BYTES)
        return length;
    length = LINE_MAX_BYTES;
    while (length > LINE_MAX_BYTES - 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

char *source_line(const struct source *source, uint32_t number)
{
    if (!number || number > source->line_count)
        return NULL;
    const char *text = source->text + source->lines[number - 1];
    size_t length = source->lines[number] - source->lines[number - 1];
    if (number == 1 && length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3; /* a byte order mark */
        length -= 3;
    }
    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    length = line_bound(text, length);
    if (!source->encoding)
        return line_expanded(text, length);
    char *decoded = encoding_decode(source->encoding, text, &length);
    char *out = line_expanded(decoded, length);
    free(decoded);
    return out;
}

/* ---- where a Python function ends ---- */

/* State between two lines of Python. */
struct lexer {
    unsigned depth; /* open brackets */
    char quote;     /* inside a triple-quoted string of this quote, 0: not */
    bool joined;    /* the line before ended in a backslash */
};

static size_t lexer_string(struct lexer *lexer, const char *text, size_t length, size_t i)
{
    char quote = text[i];
    bool triple = i + 2 < length && text[i + 1] == quote && text[i + 2] == quote;
    if (triple) {
        lexer->quote = quote;
        return i + 3;
    }
    for (i++; i < length && text[i] != quote; i++)
        if (text[i] == '\\')
            i++;
    return i + 1;
}

static size_t lexer_in_triple(struct lexer *lexer, const char *text, size_t length, size_t i)
{
    for (; i < length; i++) {
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == lexer->quote && i + 2 < length && text[i + 1] == lexer->quote &&
                   text[i + 2] == lexer->quote) {
            lexer->quote = 0;
            return i + 3;
        }
    }
    return i;
}

static void lexer_line(struct lexer *lexer, const char *text, size_t length)
{
    lexer->joined = false;
    for (size_t i = 0; i < length;) {
        char c = text[i];
        if (lexer->quote) {
            i = lexer_in_triple(lexer, text, length, i);
            continue;
        }
        if (c == '#')
            return;
        if (c == '"' || c == '\'') {
            i = lexer_string(lexer, text, length, i);
            continue;
        }
        if (c == '(' || c == '[' || c == '{')
            lexer->depth++;
        else if ((c == ')' || c == ']' || c == '}') && lexer->depth)
            lexer->depth--;
        lexer->joined = c == '\\' && i + 1 == length;
        i++;
    }
}

static bool lexer_open(const struct lexer *lexer)
{
    return lexer->quote || lexer->depth || lexer->joined;
}

static bool is_def(const char *word)
{
    return !strncmp(word, "def ", 4) || !strncmp(word, "class ", 6) || !strncmp(word, "async ", 6);
}

/* Decorators, then the head up to where no bracket is open, then the body: all lines that are
 * indented deeper. */
uint32_t source_python_end(const struct source *source, uint32_t first)
{
    struct lexer lexer = {0};
    bool def = false, body = false, over = false;
    size_t indent = 0;
    uint32_t last = 0;
    for (uint32_t number = first;
         number && number <= source->line_count && !over && number - first < SOURCE_FUNCTION_LINES;
         number++) {
        char *line = source_line(source, number);
        size_t blank = strspn(line, " ");
        const char *word = line + blank;
        bool inside = lexer_open(&lexer), empty = !*word || *word == '#';
        if (number == first)
            indent = blank;
        over = body && !inside && !empty && blank <= indent;
        if (!over && (inside || !empty)) {
            def = def || (!inside && is_def(word));
            lexer_line(&lexer, line, strlen(line));
            last = number;
            body = def && (body || !lexer_open(&lexer));
            over = !def && !inside && *word != '@'; /* a lambda, or the file has changed */
        }
        free(line);
    }
    return def ? last : 0;
}

/* What follows the word and blanks; NULL: the text does not begin with it. */
static const char *after_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0 || !strchr(" \t\f\\", text[length]) || !text[length])
        return NULL;
    return text + length + strspn(text + length, " \t\f");
}

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c & 0x80);
}

/* 1: this line defines `name`; 0: it defines another; -1: nothing. */
static int line_defines(const char *line, const char *name)
{
    size_t length = strlen(name);
    const char *text = line + strspn(line, " \t\f"), *rest;
    if ((rest = after_word(text, "async")))
        text = rest;
    if (!(rest = after_word(text, "def")) && !(rest = after_word(text, "class")))
        return -1;
    return !strncmp(rest, name, length) && !is_word(rest[length]) ? 1 : 0;
}

bool source_python_defines(const struct source *source, uint32_t first, const char *name)
{
    int defines = -1;
    for (uint32_t number = first;
         number && number <= source->line_count && number - first < DECORATORS && defines < 0;
         number++) {
        char *line = source_line(source, number);
        bool decorator = line[strspn(line, " \t\f")] == '@';
        defines = line_defines(line, name);
        free(line);
        if (number == first && defines < 0 && !decorator)
            return false;
    }
    return defines == 1;
}

void sources_pack(const struct sources *sources, struct pack_out *out, bool texts)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = sources->list[i];
        bool text = texts && source->text;
        if (!source->text && !source->changed && !source->mixed)
            continue;
        struct pack_source kept = {.modified = source->modified,
                                   .flags = (text ? PACK_TEXT : 0) |
                                            (source->changed ? PACK_CHANGED : 0) |
                                            (source->mixed ? PACK_MIXED : 0)};
        size_t bytes = sizeof kept + (text ? source->bytes : 0);
        char *data = base_alloc(bytes, 1);
        memcpy(data, &kept, sizeof kept);
        if (text)
            memcpy(data + sizeof kept, source->text, source->bytes);
        pack_add(out, PACK_SOURCE, source->path, data, bytes);
        free(data);
    }
}

void sources_free(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->list[i]->path);
        free(sources->list[i]->text);
        free(sources->list[i]->lines);
        if (sources->list[i]->encoding)
            iconv_close(sources->list[i]->encoding);
        free(sources->list[i]);
    }
    free(sources->list);
    strings_free(&sources->paths);
    strings_free(&sources->stamped);
    free(sources->stamps);
    map_free(&sources->checks);
    free(sources->folder);
    *sources = (struct sources){0};
}
