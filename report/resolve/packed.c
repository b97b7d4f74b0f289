/* SPDX-License-Identifier: MIT */
#include "resolve/packed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "pack/pack.h"
#include "symbols/batch.h"

#define NUMBER_BYTES 24u

static void number_name(char name[NUMBER_BYTES], uint64_t number)
{
    snprintf(name, NUMBER_BYTES, "%" PRIu64, number);
}

/* A text with its NUL; NULL: there is none. */
static const char *text_of(struct pack *pack, enum pack_kind kind, const char *name)
{
    struct pack_part part;
    bool sound = pack_find(pack, kind, name, &part) && part.bytes &&
                 !((const char *)part.data)[part.bytes - 1];
    return sound ? part.data : NULL;
}

static void text_add(struct pack_out *out, enum pack_kind kind, const char *name, const char *text)
{
    if (text)
        pack_add(out, kind, name, text, strlen(text) + 1);
}

void packed_tails(const struct log *log, uint32_t module, struct batch *batch)
{
    char name[NUMBER_BYTES];
    struct pack_part part;
    number_name(name, module);
    if (!log->pack)
        batch_run(batch);
    else if (pack_find(log->pack, PACK_TAILS, name, &part))
        batch_unpack(batch, part.data, part.bytes);
}

void packed_tails_keep(const struct log *log, uint32_t module, const struct batch *batch)
{
    char name[NUMBER_BYTES];
    size_t bytes;
    unsigned char *data = batch_pack(batch, &bytes);
    number_name(name, module);
    if (data)
        pack_add(log->packing, PACK_TAILS, name, data, bytes);
    free(data);
}

void packed_batch(const struct log *log, uint32_t module, struct batch *batch)
{
    char name[NUMBER_BYTES];
    number_name(name, module);
    if (log->pack) {
        struct pack_part part;
        batch->problem = text_of(log->pack, PACK_PROBLEM, name);
        batch->lines_problem = text_of(log->pack, PACK_LINES_PROBLEM, name);
        if (!pack_find(log->pack, PACK_SYMBOLS, name, &part) ||
            !batch_unpack(batch, part.data, part.bytes))
            batch->problem = batch->problem ? batch->problem : "is not in the packed file";
        return;
    }
    batch_run(batch);
    if (!log->packing)
        return;
    size_t bytes;
    unsigned char *data = batch_pack(batch, &bytes);
    if (data)
        pack_add(log->packing, PACK_SYMBOLS, name, data, bytes);
    text_add(log->packing, PACK_PROBLEM, name, batch->problem);
    text_add(log->packing, PACK_LINES_PROBLEM, name, batch->lines_problem);
    free(data);
}

/* ---- code of JIT compilers: the line, the name and perhaps the file, each with its NUL ---- */

static bool made_take(struct pack *pack, const char *name, struct jit_code *out)
{
    struct pack_part part;
    if (!pack_find(pack, PACK_MADE, name, &part) || part.bytes < sizeof out->line + 1 ||
        ((const char *)part.data)[part.bytes - 1])
        return false;
    const char *text = part.data, *end = text + part.bytes;
    memcpy(&out->line, text, sizeof out->line);
    out->name = text + sizeof out->line;
    text = out->name + strlen(out->name) + 1;
    out->file = text < end ? text : NULL;
    return true;
}

bool packed_made(const struct log *log, const struct jit *jit, uint64_t address,
                 struct jit_code *out)
{
    char name[NUMBER_BYTES];
    number_name(name, address);
    if (log->pack)
        return made_take(log->pack, name, out);
    if (!jit_find(jit, address, out))
        return false;
    if (log->packing) {
        size_t front = sizeof out->line + strlen(out->name) + 1;
        size_t bytes = front + (out->file ? strlen(out->file) + 1 : 0);
        char *data = base_alloc(bytes, 1);
        memcpy(data, &out->line, sizeof out->line);
        strcpy(data + sizeof out->line, out->name);
        if (out->file)
            strcpy(data + front, out->file);
        pack_add(log->packing, PACK_MADE, name, data, bytes);
        free(data);
    }
    return true;
}
