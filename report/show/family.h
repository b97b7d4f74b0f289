/* SPDX-License-Identifier: MIT */
#ifndef SHOW_FAMILY_H
#define SHOW_FAMILY_H

#include <stdio.h>

#include "fold/family.h"
#include "show/json.h"

/* The tree of processes, with sums. */
void family_print(const struct family *family, FILE *out);
/* The member "family" of the JSON object of log `index`. */
void family_json(const struct family *family, size_t index, struct json *json);

#endif
