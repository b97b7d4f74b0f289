/* SPDX-License-Identifier: MIT
 *
 * Of curl/curl.h only types and constants are used, and its functions' types.
 */
#include "push/curl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"

#define FUNCTION(name) __typeof__(curl_##name) *name
static struct {
    FUNCTION(global_init);
    FUNCTION(easy_init);
    FUNCTION(easy_setopt);
    FUNCTION(easy_perform);
    FUNCTION(easy_getinfo);
    FUNCTION(easy_strerror);
    FUNCTION(easy_cleanup);
    FUNCTION(slist_append);
    FUNCTION(slist_free_all);
    FUNCTION(url);
    FUNCTION(url_set);
    FUNCTION(url_get);
    FUNCTION(url_cleanup);
    FUNCTION(free);
} api;
#define LOOK_UP(name)                                                                              \
    {                                                                                              \
        (void **)&api.name, "curl_" #name                                                          \
    }

bool curl_open(void)
{
    static const struct {
        void **to;
        const char *name;
    } wanted[] = {LOOK_UP(global_init),  LOOK_UP(easy_init),    LOOK_UP(easy_setopt),
                  LOOK_UP(easy_perform), LOOK_UP(easy_getinfo), LOOK_UP(easy_strerror),
                  LOOK_UP(easy_cleanup), LOOK_UP(slist_append), LOOK_UP(slist_free_all),
                  LOOK_UP(url),          LOOK_UP(url_set),      LOOK_UP(url_get),
                  LOOK_UP(url_cleanup),  LOOK_UP(free)};
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        base_say("push: libcurl.so.4, which sends, can't be loaded: %s (Debian: apt-get install "
                 "libcurl4)",
                 dlerror());
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!(*wanted[i].to = dlsym(library, wanted[i].name))) {
            base_say("push: libcurl.so.4 is too old: it has no %s", wanted[i].name);
            return false;
        }
    if (api.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return true;
    base_say("push: libcurl.so.4 can't begin");
    return false;
}

/* ---- addresses ---- */

static char *part(CURLU *url, CURLUPart which, unsigned flags)
{
    char *found = NULL, *copy = NULL;
    if (api.url_get(url, which, &found, flags) == CURLUE_OK && found)
        copy = base_copy(found, strlen(found));
    api.free(found);
    return copy;
}

bool address_parse(struct address *address, const char *text)
{
    CURLU *url = api.url();
    *address = (struct address){0};
    if (!url)
        return false;
    bool good = api.url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;
    if (good)
        *address = (struct address){.scheme = part(url, CURLUPART_SCHEME, 0),
                                    .host = part(url, CURLUPART_HOST, 0),
                                    .port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT),
                                    .path = part(url, CURLUPART_PATH, 0),
                                    .query = part(url, CURLUPART_QUERY, 0),
                                    .user = part(url, CURLUPART_USER, CURLU_URLDECODE),
                                    .password = part(url, CURLUPART_PASSWORD, CURLU_URLDECODE)};
    api.url_cleanup(url);
    return good && address->scheme && address->host && address->port && address->path &&
           (!strcasecmp(address->scheme, "http") || !strcasecmp(address->scheme, "https"));
}

/* ---- a request ---- */

static size_t receive(char *data, size_t size, size_t count, void *context)
{
    struct curl_answer *answer = context;
    size_t bytes = size * count, room = CURL_BODY_MOST - answer->bytes;
    size_t kept = bytes < room ? bytes : room;
    memcpy(answer->body + answer->bytes, data, kept);
    answer->bytes += kept;
    return bytes;
}

/* May it be otherwise the next time? */
static bool passes(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return true;
    default:
        return false;
    }
}

static struct curl_slist *headers_of(const struct curl_request *request)
{
    /* Without this curl waits for a second before it sends a large body, as few servers answer. */
    struct curl_slist *list = api.slist_append(NULL, "Expect:");
    for (size_t i = 0; i < request->header_count; i++) {
        struct curl_slist *longer = api.slist_append(list, request->headers[i]);
        list = longer ? longer : list;
    }
    return list;
}

static void read_answer(CURL *curl, struct curl_answer *answer)
{
    char *location = NULL, *type = NULL;
    curl_off_t after = 0;
    api.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    api.easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
    api.easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (api.easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
        answer->after = (long)after;
    if (location)
        answer->location = base_copy(location, strlen(location));
    free(answer->type);
    answer->type = base_copy(type ? type : "", type ? strlen(type) : 0);
}

void curl_post(const struct curl_request *request, struct curl_answer *answer)
{
    char why[CURL_ERROR_SIZE] = "";
    char *url = address_whole(request->address);
    struct curl_slist *headers = headers_of(request);
    CURL *curl = api.easy_init();
    *answer =
        (struct curl_answer){.type = base_copy("", 0), .body = base_alloc(CURL_BODY_MOST + 1, 1)};
    CURLcode code = CURLE_FAILED_INIT;
    if (curl) {
        api.easy_setopt(curl, CURLOPT_URL, url);
        api.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        api.easy_setopt(curl, CURLOPT_USERAGENT, "memtrace/" MEMTRACE_VERSION);
        api.easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        api.easy_setopt(curl, CURLOPT_POST, 1L);
        api.easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)request->body);
        api.easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->bytes);
        api.easy_setopt(curl, CURLOPT_TIMEOUT, request->timeout);
        api.easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
        api.easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
        api.easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        if (request->user)
            api.easy_setopt(curl, CURLOPT_USERNAME, request->user);
        if (request->password)
            api.easy_setopt(curl, CURLOPT_PASSWORD, request->password);
        code = api.easy_perform(curl);
    }
    if (code == CURLE_OK)
        read_answer(curl, answer);
    const char *words = *why ? why : api.easy_strerror(code);
    if (!answer->status)
        answer->why = base_copy(words, strlen(words));
    answer->passes = passes(code);
    if (curl)
        api.easy_cleanup(curl);
    api.slist_free_all(headers);
    free(url);
}

void curl_answer_free(struct curl_answer *answer)
{
    free(answer->why);
    free(answer->location);
    free(answer->type);
    free(answer->body);
    *answer = (struct curl_answer){0};
}
