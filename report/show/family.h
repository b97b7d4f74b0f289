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
/* A note of the logs that are no part of this run, and count all the same, as they were asked for; nothing where there is none. */
void family_print_earlier(const struct family *family, FILE *out);

#endif
