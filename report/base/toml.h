/* SPDX-License-Identifier: MIT
 *
 * Files of settings, in TOML 1.0: every value with where it stands. By the library toml++.
 */
#ifndef BASE_TOML_H
#define BASE_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum toml_kind {
    TOML_TEXT,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOLEAN,
    TOML_LIST,
    TOML_TABLE,
    TOML_OTHER
};

/* A value, or a table, which comes before what is in it. Texts are NUL-terminated, UTF-8, and valid during the call. */
struct toml_value {
    const char *const *keys; /* the outermost first */
    size_t depth;            /* of keys, at least 1 */
    enum toml_kind kind;
    const char *text;      /* TOML_TEXT */
    int64_t integer;       /* TOML_INTEGER; TOML_BOOLEAN: 0 or 1 */
    double number;         /* TOML_FLOAT */
    uint32_t line, column; /* from 1 */
};

#define TOML_DEPTH 16u /* of keys: what is further in is refused */

/* Calls `take` for each value outside of lists. False after a message with file, line and reason: it can't be read or is no TOML; or
 * `take` returned false, which has said why. Files of more than 16 MiB are refused. */
bool toml_read(const char *path, bool (*take)(void *context, const struct toml_value *value),
               void *context);

#ifdef __cplusplus
}
#endif

#endif
