/* SPDX-License-Identifier: MIT */
#include "base/glyph.h"

#include <iconv.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#define NO_CONVERTER ((iconv_t)-1)
static iconv_t converter = NO_CONVERTER; /* from UTF-8; none: standard output takes UTF-8 */

void glyph_charset(const char *name)
{
    if (converter != NO_CONVERTER)
        iconv_close(converter);
    converter = strcasecmp(name, "UTF-8") != 0 ? iconv_open(name, "UTF-8") : NO_CONVERTER;
    /* Widths do not depend on the language, but wcwidth knows them in a UTF-8 locale only. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "en_US.UTF-8");
}

void glyph_start(void)
{
    const char *chosen = setlocale(LC_CTYPE, "");
    bool plain = !chosen || !strcmp(chosen, "C") || !strcmp(chosen, "POSIX");
    char name[64];
    snprintf(name, sizeof name, "%s", plain ? "UTF-8" : nl_langinfo(CODESET));
    glyph_charset(name);
}

static struct glyph glyph_text(const char *text)
{
    struct glyph glyph = {.bytes = (unsigned char)strlen(text)};
    memcpy(glyph.text, text, glyph.bytes);
    glyph.columns = glyph.bytes;
    return glyph;
}

static struct glyph glyph_escape(uint32_t code)
{
    char text[GLYPH_BYTES];
    if (code == 0x2265)
        return glyph_text(">=");
    if (code == 0x2026)
        return glyph_text("...");
    if (code < 0x100)
        snprintf(text, sizeof text, "\\x%02" PRIx32, code);
    else if (code < 0x10000)
        snprintf(text, sizeof text, "\\u%04" PRIx32, code);
    else
        snprintf(text, sizeof text, "\\U%08" PRIx32, code);
    return glyph_text(text);
}

struct glyph glyph_of(uint32_t code, const char *text, size_t length)
{
    struct glyph glyph = {.bytes = (unsigned char)length, .columns = 1};
    if (code < 0x80) {
        glyph.text[0] = (char)code;
        return glyph;
    }
    memcpy(glyph.text, text, length);
    int width = wcwidth((wchar_t)code);
    glyph.columns = width < 0 ? 1 : (unsigned char)width;
    if (converter == NO_CONVERTER)
        return glyph;
    char in[8], *from = in, *to = glyph.text;
    size_t left = length, room = sizeof glyph.text;
    memcpy(in, text, length);
    iconv(converter, NULL, NULL, NULL, NULL);
    if (iconv(converter, &from, &left, &to, &room) != 0)
        return glyph_escape(code);
    glyph.bytes = (unsigned char)(sizeof glyph.text - room);
    return glyph;
}

bool glyph_knows(const char *text)
{
    char in[8] = "", out[GLYPH_BYTES], *from = in, *to = out;
    size_t length = 1, room = sizeof out;
    while (length < 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length++;
    if (converter == NO_CONVERTER)
        return true;
    memcpy(in, text, length);
    iconv(converter, NULL, NULL, NULL, NULL);
    return iconv(converter, &from, &length, &to, &room) == 0;
}
