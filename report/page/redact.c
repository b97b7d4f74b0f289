/* SPDX-License-Identifier: MIT */
#include "page/redact.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char ends[] = "/\"'\\ \t\n:;,)";

/* How many bytes of a home folder's path begin here; 0: none do. */
static size_t home_here(const char *text)
{
    static const char *const above[] = {"/home/", "/Users/"};
    const char *home = getenv("HOME");
    size_t length = home ? strlen(home) : 0;
    while (length && home[length - 1] == '/')
        length--;
    if (length > 1 && !strncmp(text, home, length) && (!text[length] || strchr(ends, text[length])))
        return length;
    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        size_t front = strlen(above[i]),
               name = strcspn(text_starts(text, above[i]) ? text + front : "", ends);
        if (name)
            return front + name;
    }
    return text_starts(text, "/root") && (!text[5] || strchr(ends, text[5])) ? 5 : 0;
}

void redact_homes(char *text)
{
    char *to = text;
    while (*text) {
        size_t length = *text == '/' ? home_here(text) : 0;
        if (length) {
            *to++ = '~';
            text += length;
        } else {
            *to++ = *text++;
        }
    }
    *to = 0;
}
