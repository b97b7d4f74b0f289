/* SPDX-License-Identifier: MIT */
#include "show/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

void table_start(struct table *table, const struct table_column *columns, size_t count)
{
    *table = (struct table){.columns = columns, .column_count = count};
}

/* Blank cells up to the end of the row. */
static void table_fill(struct table *table)
{
    while (table->cell_count < table->row_count * table->column_count)
        table_cell(table, NULL);
}

void table_row(struct table *table, enum style style)
{
    table_fill(table);
    table->rows =
        base_room(table->rows, &table->row_cap, table->row_count + 1, sizeof *table->rows);
    table->rows[table->row_count++] = (struct table_row){style, table->cell_count};
}

void table_cell(struct table *table, const char *text)
{
    table->cells =
        base_room(table->cells, &table->cell_cap, table->cell_count + 1, sizeof *table->cells);
    table->cells[table->cell_count++] = text && *text ? base_copy(text, strlen(text)) : NULL;
}

void table_cell_count(struct table *table, uint64_t value)
{
    char text[TEXT_COUNT_BYTES];
    table_cell(table, text_count(text, value));
}

char *table_mib(char out[TABLE_MIB_BYTES], int64_t bytes, int precision)
{
    snprintf(out, TABLE_MIB_BYTES, "%.*f MiB", precision, (double)bytes / 1048576.0);
    if (out[0] == '-' && strspn(out + 1, "0. ") >= (size_t)precision + 2)
        memmove(out, out + 1, strlen(out));
    return out;
}

char *table_amount(char out[TABLE_MIB_BYTES], int64_t bytes)
{
    if (bytes <= -100000 || bytes >= 100000)
        return table_mib(out, bytes, 3);
    snprintf(out, TABLE_MIB_BYTES, "%" PRId64 " bytes", bytes);
    return out;
}

void table_cell_mib(struct table *table, int64_t bytes)
{
    char text[TABLE_MIB_BYTES];
    table_cell(table, table_mib(text, bytes, 3));
}

void table_cell_rise(struct table *table, uint64_t rise, uint64_t most)
{
    char mib[TABLE_MIB_BYTES], text[TABLE_MIB_BYTES + 8];
    snprintf(text, sizeof text, "%s%s", most ? "≥ " : "", table_mib(mib, (int64_t)rise, 3));
    table_cell(table, text);
}

static void spaces(FILE *out, size_t count)
{
    while (count--)
        fputc(' ', out);
}

/* One line. Blanks are owed, and paid when something follows. */
static void table_line(const struct table *table, FILE *out, char *const *cells,
                       const size_t *widths, size_t cut)
{
    size_t owed = 0, used = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        const char *cell = cells[c] ? cells[c] : "";
        size_t length = strlen(cell), width = text_width(cell, length);
        bool last = c + 1 == table->column_count;
        if (c)
            owed += 2;
        if (!length) {
            owed += widths[c];
            continue;
        }
        if (!last)
            owed += widths[c] - width;
        spaces(out, owed);
        used += owed;
        size_t room = !last || cut == SIZE_MAX ? SIZE_MAX : cut > used + 20 ? cut - used : 20;
        used += text_put(out, cell, length, room);
        owed = 0;
    }
}

void table_finish(struct table *table, FILE *out, size_t width)
{
    table_fill(table);
    size_t *widths = base_alloc(table->column_count, sizeof *widths);
    char **titles = base_alloc(table->column_count, sizeof *titles);
    for (size_t c = 0; c < table->column_count; c++) {
        titles[c] = base_copy(table->columns[c].title, strlen(table->columns[c].title));
        widths[c] = text_width(titles[c], strlen(titles[c]));
        if (widths[c] < table->columns[c].least)
            widths[c] = table->columns[c].least;
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t c = i % table->column_count;
        size_t w = table->cells[i] ? text_width(table->cells[i], strlen(table->cells[i])) : 0;
        if (w > widths[c])
            widths[c] = w;
    }
    fputs(terminal_on(STYLE_TITLE), out);
    table_line(table, out, titles, widths, width);
    fprintf(out, "%s\n", terminal_off(STYLE_TITLE));
    for (size_t r = 0; r < table->row_count; r++) {
        fputs(terminal_on(table->rows[r].style), out);
        table_line(table, out, table->cells + table->rows[r].first, widths, width);
        fprintf(out, "%s\n", terminal_off(table->rows[r].style));
    }
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    for (size_t c = 0; c < table->column_count; c++)
        free(titles[c]);
    free(titles);
    free(widths);
    free(table->cells);
    free(table->rows);
}
