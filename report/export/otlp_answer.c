/* SPDX-License-Identifier: MIT */
#include "export/otlp_answer.h"

#include <string.h>

#include <otlp.pb-c.h>

#include "base/base.h"

static char *copy(const char *text)
{
    return base_copy(text ? text : "", text ? strlen(text) : 0);
}

char *otlp_answer(const void *body, size_t bytes, bool taken, int64_t *rejected)
{
    char *words = NULL;
    *rejected = 0;
    if (taken) {
        Otlp__Answer *answer = otlp__answer__unpack(NULL, bytes, body);
        const Otlp__PartialSuccess *partial = answer ? answer->partial_success : NULL;
        if (answer)
            words = copy(partial ? partial->error_message : "");
        if (partial)
            *rejected = partial->rejected_profiles;
        otlp__answer__free_unpacked(answer, NULL);
    } else {
        Otlp__Status *status = otlp__status__unpack(NULL, bytes, body);
        if (status)
            words = copy(status->message);
        otlp__status__free_unpacked(status, NULL);
    }
    return words;
}
