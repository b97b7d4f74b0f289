/* SPDX-License-Identifier: MIT */
#include "push/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void address_free(struct address *address)
{
    free(address->scheme);
    free(address->host);
    free(address->port);
    free(address->path);
    free(address->query);
    free(address->user);
    free(address->password);
    *address = (struct address){0};
}

char *address_text(const struct address *address)
{
    char *text = NULL;
    bool usual = !strcmp(address->port, !strcmp(address->scheme, "https") ? "443" : "80");
    if (asprintf(&text, "%s://%s%s%s%s", address->scheme, address->host, usual ? "" : ":",
                 usual ? "" : address->port, address->path) < 0)
        text = base_copy("", 0);
    return text;
}

char *address_whole(const struct address *address)
{
    char *text = address_text(address), *whole = NULL;
    if (!address->query)
        return text;
    if (asprintf(&whole, "%s?%s", text, address->query) < 0)
        whole = base_copy("", 0);
    free(text);
    return whole;
}
