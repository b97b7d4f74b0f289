/* SPDX-License-Identifier: MIT */
#include "push/servers.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "base/text.h"
#include "show/json.h"

#define MINUTE_NS 60000000000u

/* ---- Pyroscope ---- */

static bool plain_letter(unsigned char c)
{
    return isalnum(c) || (c && strchr("-._", c));
}

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        if (plain_letter((unsigned char)*text))
            fputc(*text, out);
        else
            fprintf(out, "%%%02X", (unsigned char)*text);
}

/* name=SERVICE{LABEL=VALUE,...}, all of it escaped. */
static char *pyroscope_query(const struct push_name *name)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return base_copy("", 0);
    fputs("name=", out);
    put_escaped(out, name->service);
    for (size_t i = 0; i < name->label_count; i++) {
        put_escaped(out, i ? "," : "{");
        put_escaped(out, name->labels[i].name);
        put_escaped(out, "=");
        put_escaped(out, name->labels[i].value);
    }
    put_escaped(out, name->label_count ? "}" : "");
    uint64_t seconds = name->time / 1000000000u;
    fprintf(out, "&from=%" PRIu64 "&until=%" PRIu64 "&spyName=memtrace&format=pprof", seconds,
            seconds);
    fclose(out);
    return text;
}

/* Letters, digits and "_", not a digit first. */
static bool prometheus_name(const char *name)
{
    bool good = *name && !isdigit((unsigned char)*name);
    for (; *name; name++)
        good &= isalnum((unsigned char)*name) || *name == '_';
    return good;
}

static const char *pyroscope_refuses(const char *label, const char *value)
{
    if (!label) {
        for (; *value; value++)
            if (!plain_letter((unsigned char)*value) && *value != '/')
                return "a service's name has letters, digits, \".\", \"-\", \"_\" and \"/\" only";
        return NULL;
    }
    if (!prometheus_name(label))
        return "a label's name has letters, digits and \"_\" only, and no digit first";
    if (text_starts(label, "__") || !strcmp(label, "service_name"))
        return "this label is Pyroscope's own; --service names the service";
    return value[strcspn(value, ",{}")] ? "a label's value can't have a comma or a brace in it"
                                        : NULL;
}

/* ---- Parca ---- */

static char *base64(const char *data, size_t bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = base_alloc((bytes + 2) / 3 * 4 + 1, 1), *at = text;
    for (size_t i = 0; i < bytes; i += 3) {
        size_t left = bytes - i;
        uint32_t three = (uint32_t)(unsigned char)data[i] << 16;
        three |= left > 1 ? (uint32_t)(unsigned char)data[i + 1] << 8 : 0;
        three |= left > 2 ? (uint32_t)(unsigned char)data[i + 2] : 0;
        for (unsigned k = 0; k < 4; k++)
            *at++ = k > left ? '=' : letters[three >> (18 - 6 * k) & 63];
    }
    return text;
}

static void parca_label(struct json *json, const char *name, const char *value)
{
    json_open(json, NULL, '{');
    json_cstring(json, "name", name);
    json_cstring(json, "value", value);
    json_close(json, '}');
}

/* A WriteRawRequest, as JSON. */
static void parca_wrap(struct push_body *body, const struct push_name *name)
{
    char *text = NULL, *profile = base64(body->data, body->bytes);
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct json json = {.out = out};
    if (!out)
        return;
    json_open(&json, NULL, '{');
    json_open(&json, "series", '[');
    json_open(&json, NULL, '{');
    json_open(&json, "labels", '{');
    json_open(&json, "labels", '[');
    parca_label(&json, "__name__", "memory");
    parca_label(&json, "service_name", name->service);
    for (size_t i = 0; i < name->label_count; i++)
        parca_label(&json, name->labels[i].name, name->labels[i].value);
    json_close(&json, ']');
    json_close(&json, '}');
    json_open(&json, "samples", '[');
    json_open(&json, NULL, '{');
    json_cstring(&json, "raw_profile", profile);
    json_close(&json, '}');
    json_close(&json, ']');
    json_close(&json, '}');
    json_close(&json, ']');
    json_bool(&json, "normalized", false);
    json_close(&json, '}');
    fclose(out);
    free(profile);
    free(body->data);
    body->data = text;
    body->bytes = bytes;
}

static const char *parca_refuses(const char *label, const char *value)
{
    (void)value;
    if (!label)
        return NULL;
    if (!prometheus_name(label))
        return "a label's name has letters, digits and \"_\" only, and no digit first";
    if (text_starts(label, "__") || !strcmp(label, "service_name"))
        return "this label is memtrace's own; --service names the service";
    return NULL;
}

/* ---- OpenTelemetry ---- */

static const char *otlp_refuses(const char *label, const char *value)
{
    static const char *const own[] = {"service.name", "process.pid", "process.executable.name",
                                      "process.command_line"};
    (void)value;
    for (size_t i = 0; label && i < sizeof own / sizeof own[0]; i++)
        if (!strcmp(label, own[i]))
            return "memtrace sends this attribute itself; --service names the service";
    return NULL;
}

/* ---- all of them ---- */

const struct push_server push_servers[] = {
    {.name = "pyroscope",
     .title = "Pyroscope",
     .port = "4040",
     .path = "/ingest",
     .end = "/ingest",
     .type = "application/octet-stream",
     .encoding = "",
     .limits = "16,000 stacks and 2 MB a push",
     .samples = 16000,
     .deepest = 1000,
     .unpacked = 2000000,
     .oldest = (uint64_t)60 * MINUTE_NS,
     .newest = (uint64_t)10 * MINUTE_NS,
     .put = pprof_put,
     .query = pyroscope_query,
     .refuses = pyroscope_refuses,
     .service_label = "service_name"},
    {.name = "parca",
     .title = "Parca",
     .port = "7070",
     .path = "/api/profiles/writeraw",
     .end = "/writeraw",
     .type = "application/json",
     .encoding = "",
     .limits = "messages of 64 MiB",
     .packed = 45000000, /* they are a third longer in JSON */
     .put = pprof_put,
     .wrap = parca_wrap,
     .refuses = parca_refuses,
     .service_label = "service_name"},
    {.name = "otlp",
     .title = "the OpenTelemetry collector",
     .port = "4318",
     .path = "/v1development/profiles",
     .end = "/profiles",
     .type = "application/x-protobuf",
     .encoding = "gzip",
     .limits = "bodies of 20 MiB",
     .unpacked = 20000000,
     .how = PROFILE_PROCESSES,
     .put = otlp_put,
     .refuses = otlp_refuses,
     .service_label = "service.name"},
};
#define SERVERS (sizeof push_servers / sizeof push_servers[0])

size_t push_server_names(const char **words)
{
    for (size_t i = 0; i < SERVERS; i++)
        words[i] = push_servers[i].name;
    return SERVERS;
}

const struct push_server *push_server_named(const char *name)
{
    for (size_t i = 0; i < SERVERS; i++)
        if (!strcmp(push_servers[i].name, name))
            return &push_servers[i];
    return NULL;
}

const struct push_server *push_server_at(const struct address *address)
{
    size_t length = strlen(address->path);
    for (size_t i = 0; i < SERVERS; i++) {
        size_t end = strlen(push_servers[i].end);
        if (length >= end && !strcmp(address->path + length - end, push_servers[i].end))
            return &push_servers[i];
    }
    for (size_t i = 0; i < SERVERS; i++)
        if (!strcmp(address->port, push_servers[i].port))
            return &push_servers[i];
    return NULL;
}

char *push_service_clean(const char *name)
{
    char *clean = base_copy(name, strlen(name));
    for (char *at = clean; *at; at++)
        if (!plain_letter((unsigned char)*at))
            *at = '_';
    return clean;
}
