/* SPDX-License-Identifier: MIT */
#include "show/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "show/fit.h"

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

void table_cell_size(struct table *table, int64_t bytes)
{
    char text[TEXT_SIZE_BYTES];
    table_cell(table, text_size(text, bytes));
}

void table_cell_rise(struct table *table, uint64_t rise, uint64_t most)
{
    char size[TEXT_SIZE_BYTES], text[TEXT_SIZE_BYTES + 8];
    snprintf(text, sizeof text, "%s%s", most ? "≥ " : "", text_size(size, (int64_t)rise));
    table_cell(table, text);
}

static void spaces(FILE *out, size_t count)
{
    while (count--)
        fputc(' ', out);
}

struct layout {
    size_t *widths;
    unsigned hidden; /* a bit for each column that is left out */
};

/* One line. Blanks are owed, and paid when something follows. */
static void table_line(const struct table *table, FILE *out, char *const *cells,
                       const struct layout *layout, size_t cut)
{
    size_t owed = 0, used = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        const char *cell = cells[c] ? cells[c] : "";
        size_t length = strlen(cell), width = text_width(cell, length);
        bool last = c + 1 == table->column_count;
        if (layout->hidden >> c & 1u)
            continue;
        if (c)
            owed += 2;
        if (!length) {
            owed += layout->widths[c];
            continue;
        }
        if (!last)
            owed += layout->widths[c] - width;
        spaces(out, owed);
        used += owed;
        size_t room = !last || cut == SIZE_MAX ? SIZE_MAX : cut > used + 20 ? cut - used : 20;
        char *name = last && table->names ? fit_name(cell, room) : NULL;
        used += text_put(out, name ? name : cell, name ? strlen(name) : length, room);
        free(name);
        owed = 0;
    }
}

/* `roomy`: columns have the least width that was asked for. */
static void layout_widths(const struct table *table, size_t *widths, bool roomy)
{
    for (size_t c = 0; c < table->column_count; c++) {
        const char *title = table->columns[c].title;
        widths[c] = text_width(title, strlen(title));
        if (roomy && widths[c] < table->columns[c].least)
            widths[c] = table->columns[c].least;
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t c = i % table->column_count;
        size_t w = table->cells[i] ? text_width(table->cells[i], strlen(table->cells[i])) : 0;
        if (w > widths[c])
            widths[c] = w;
    }
}

#define LAST_LEAST 26u /* columns that the last one should have */

static bool layout_fits(const struct table *table, const struct layout *layout, size_t width)
{
    size_t used = LAST_LEAST;
    for (size_t c = 0; c + 1 < table->column_count; c++)
        used += layout->hidden >> c & 1u ? 0 : layout->widths[c] + 2;
    return used <= width;
}

/* In a narrow terminal columns move together, then spare ones go, so that the last one can be read. */
static struct layout layout_make(const struct table *table, size_t width)
{
    struct layout layout = {.widths = base_alloc(table->column_count, sizeof *layout.widths)};
    layout_widths(table, layout.widths, true);
    if (layout_fits(table, &layout, width) || !table->spare)
        return layout;
    layout_widths(table, layout.widths, false);
    while (!layout_fits(table, &layout, width)) {
        size_t most = 0;
        for (size_t c = 1; c < table->column_count; c++)
            if (!(layout.hidden >> c & 1u) &&
                (table->spare[c] > table->spare[most] || layout.hidden >> most & 1u))
                most = c;
        if (!table->spare[most] || layout.hidden >> most & 1u)
            break;
        layout.hidden |= 1u << most;
    }
    return layout;
}

unsigned table_finish(struct table *table, FILE *out, size_t width)
{
    table_fill(table);
    struct layout layout = layout_make(table, width);
    char **titles = base_alloc(table->column_count, sizeof *titles);
    for (size_t c = 0; c < table->column_count; c++)
        titles[c] = base_copy(table->columns[c].title, strlen(table->columns[c].title));
    fputs(terminal_on(STYLE_TITLE), out);
    table_line(table, out, titles, &layout, width);
    fprintf(out, "%s\n", terminal_off(STYLE_TITLE));
    for (size_t r = 0; r < table->row_count; r++) {
        fputs(terminal_on(table->rows[r].style), out);
        table_line(table, out, table->cells + table->rows[r].first, &layout, width);
        fprintf(out, "%s\n", terminal_off(table->rows[r].style));
    }
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    for (size_t c = 0; c < table->column_count; c++)
        free(titles[c]);
    free(titles);
    free(layout.widths);
    free(table->cells);
    free(table->rows);
    return layout.hidden;
}

bool table_titled(const struct table_column *columns, size_t count, const char *title)
{
    for (size_t c = 0; c < count; c++)
        if (!strcmp(columns[c].title, title))
            return true;
    return false;
}

void table_left_out(const struct table_column *columns, size_t count, unsigned hidden, FILE *out)
{
    const char *before = "Left out, as the terminal is narrow: ";
    for (size_t c = 0; c < count; c++) {
        if (!(hidden >> c & 1u))
            continue;
        fprintf(out, "%s%s", before, columns[c].title);
        before = ", ";
    }
    if (hidden)
        fputs(".\n", out);
}
