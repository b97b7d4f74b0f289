/* SPDX-License-Identifier: MIT
 *
 * In place of curl.c, where curl's header could not be had when memtrace was built.
 */
#include "base/base.h"
#include "push/curl.h"

bool curl_open(void)
{
    base_say("push: this memtrace was built without it: curl/curl.h could not be had then");
    return false;
}

/* Nothing comes to these. */
bool address_parse(struct address *address, const char *url)
{
    (void)url;
    *address = (struct address){0};
    return false;
}

void curl_post(const struct curl_request *request, struct curl_answer *answer)
{
    (void)request;
    *answer = (struct curl_answer){0};
}

void curl_answer_free(struct curl_answer *answer)
{
    (void)answer;
}
