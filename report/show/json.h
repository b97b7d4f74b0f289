/* SPDX-License-Identifier: MIT
 *
 * Writing JSON: valid UTF-8 whatever the texts are, numbers as integers, one member or element a
 * line.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    unsigned depth;
    bool member_before; /* the next value needs a comma in front */
};

/* `key` is NULL for an element of an array and for the outermost value; keys are the tool's own
 * texts, plain ASCII. */
void json_open(struct json *json, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *json, char bracket);                 /* '}' or ']' */
/* `text` NULL: null. Broken UTF-8 becomes U+FFFD. */
void json_text(struct json *json, const char *key, const char *text, size_t bytes);
void json_cstring(struct json *json, const char *key, const char *text);
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_none(struct json *json, const char *key);
/* An element [parent, value] of an array, on one line; `parent` less than 0: null. */
void json_link(struct json *json, int64_t parent, uint64_t value);

#endif
