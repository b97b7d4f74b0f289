/* SPDX-License-Identifier: MIT */
#include "export/cells.h"

#include <inttypes.h>
#include <string.h>

#include "export/words.h"

static void begin(struct cells *cells)
{
    if (cells->csv) {
        if (cells->column)
            fputc(',', cells->out);
    } else {
        fprintf(cells->out, "%c\"%s\":", cells->column ? ',' : '{', cells->columns[cells->column]);
    }
}

static void end(struct cells *cells)
{
    if (cells->columns[++cells->column])
        return;
    fputs(cells->csv ? "\n" : "}\n", cells->out);
    cells->column = 0;
}

static void put_quoted(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
}

void cells_head(struct cells *cells)
{
    for (unsigned i = 0; cells->csv && cells->columns[i]; i++)
        fprintf(cells->out, "%s%s", i ? "," : "", cells->columns[i]);
    if (cells->csv)
        fputc('\n', cells->out);
}

void cells_null(struct cells *cells)
{
    begin(cells);
    fputs(cells->csv ? "" : "null", cells->out);
    end(cells);
}

void cells_text(struct cells *cells, const char *text)
{
    if (!text) {
        cells_null(cells);
        return;
    }
    begin(cells);
    if (!cells->csv) {
        words_json(cells->out, text);
    } else if (text[strcspn(text, ",\"")]) {
        fputc('"', cells->out);
        put_quoted(cells->out, text);
        fputc('"', cells->out);
    } else {
        fputs(text, cells->out);
    }
    end(cells);
}

void cells_signed(struct cells *cells, int64_t value)
{
    begin(cells);
    fprintf(cells->out, "%" PRId64, value);
    end(cells);
}

void cells_unsigned(struct cells *cells, uint64_t value)
{
    begin(cells);
    fprintf(cells->out, "%" PRIu64, value);
    end(cells);
}

void cells_bool(struct cells *cells, bool value)
{
    begin(cells);
    fputs(value ? "true" : "false", cells->out);
    end(cells);
}

void cells_list(struct cells *cells, char *const *list, size_t count, char between)
{
    begin(cells);
    fputc(cells->csv ? '"' : '[', cells->out);
    for (size_t i = 0; i < count; i++) {
        if (i)
            fputc(cells->csv ? between : ',', cells->out);
        if (cells->csv)
            put_quoted(cells->out, list[i]);
        else
            words_json(cells->out, list[i]);
    }
    fputc(cells->csv ? '"' : ']', cells->out);
    end(cells);
}
