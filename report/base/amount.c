/* SPDX-License-Identifier: MIT */
#include "base/amount.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number from 0 on, written with digits; *end behind it and behind blanks. */
static bool number(const char *text, double *value, const char **end)
{
    char *behind;
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return false;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return false;
    *value = strtod(text, &behind);
    if (behind == text || !isfinite(*value))
        return false;
    *end = behind + strspn(behind, " ");
    return true;
}

static bool whole(double value, int64_t *out)
{
    if (value >= 9.2e18)
        return false;
    *out = (int64_t)(value + 0.5);
    return true;
}

bool amount_size(const char *text, int64_t *bytes)
{
    static const char units[] = "KMGT";
    const char *end;
    double value;
    if (!number(text, &value, &end))
        return false;
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    for (const char *u = units; unit && u <= unit; u++)
        value *= 1024;
    end += unit != NULL;
    if (unit && *end == 'i' && end[1] == 'B')
        end++;
    if (*end == 'B')
        end++;
    return !*end && whole(value, bytes);
}

bool amount_count(const char *text, int64_t *count)
{
    const char *end;
    double value;
    return number(text, &value, &end) && !*end && whole(value, count);
}

bool amount_percent(const char *text, double *percent)
{
    const char *end;
    return number(text, percent, &end) && !strcmp(end, "%");
}
