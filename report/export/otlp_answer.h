/* SPDX-License-Identifier: MIT
 *
 * What an OpenTelemetry collector answers.
 */
#ifndef EXPORT_OTLP_ANSWER_H
#define EXPORT_OTLP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its words in a body of protobuf, "" if there are none; to be freed. NULL: it is no such body. `taken`: the request was answered by
 * 200; then *rejected is how many of its profiles were not taken all the same. */
char *otlp_answer(const void *body, size_t bytes, bool taken, int64_t *rejected);

#endif
