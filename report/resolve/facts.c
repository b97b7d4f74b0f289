/* SPDX-License-Identifier: MIT */
#include "resolve/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/packed.h"
#include "resolve/places.h"
#include "symbols/batch.h"

static const char *const hooks[] = {
#define MT_HOOK(symbol, result, parameters)      #symbol,
#define MT_HOOK_LATE(symbol, result, parameters) #symbol,
#include "../interpose/hooks.def"
};

static const struct log_module *module_at(const struct facts *facts, uint32_t module)
{
    return module < facts->log->module_count && facts->log->modules[module].known
               ? &facts->log->modules[module]
               : NULL;
}

/* Not the kernel's, which calls nobody, and not the tracker's own, whose functions the hooks are. */
static bool can_have(const struct facts *facts, uint32_t module)
{
    const struct log_module *m = module_at(facts, module);
    if (!m || !m->path.bytes || m->path.text[0] != '/')
        return false;
    char *path = base_copy(m->path.text, m->path.bytes);
    bool tracker = rank_is_tracker(path);
    free(path);
    return !tracker;
}

bool facts_same_module(const struct log *log, uint32_t a, uint32_t b)
{
    if (a == b || a >= log->module_count || b >= log->module_count)
        return a == b;
    const struct log_text *x = &log->modules[a].path, *y = &log->modules[b].path;
    return x->bytes == y->bytes && x->bytes && !memcmp(x->text, y->text, x->bytes);
}

void facts_start(struct facts *facts)
{
    facts->kept = base_alloc(facts->log->module_count + 1, sizeof *facts->kept);
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
        *map_at(&facts->hooks, strings_add(facts->names, hooks[i], strlen(hooks[i]))) = 1;
    for (uint32_t i = 1; i < facts->log->module_count && !facts->program; i++)
        if (places_of_program(facts->log, i))
            facts->program = i;
}

void facts_free(struct facts *facts)
{
    for (size_t i = 0; i <= facts->log->module_count; i++)
        batch_kept_free(&facts->kept[i]);
    free(facts->kept);
    free(facts->list);
    free(facts->edges);
    free(facts->symbols);
    map_free(&facts->index);
    map_free(&facts->hooks);
}

bool facts_is_hook(const struct facts *facts, uint32_t name)
{
    return name && *map_at((struct map *)(uintptr_t)&facts->hooks, name);
}

static uint32_t facts_get(struct facts *facts, uint32_t module, const struct symbol_code *code)
{
    uint64_t key[2] = {module, tails_key(facts->names, code)};
    uint32_t *known = map_at(&facts->index, map_key(key, sizeof key));
    if (*known)
        return *known - 1;
    facts->list = base_room(facts->list, &facts->cap, facts->count + 1, sizeof *facts->list);
    facts->list[facts->count] = (struct fact){.module = module, .code = *code, .pending = true};
    *known = (uint32_t)++facts->count;
    return *known - 1;
}

/* ---- looking up ---- */

struct asked {
    uint64_t key;
    uint32_t module, fact;
};

static int asked_order(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;
    if (x->module != y->module)
        return x->module < y->module ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->fact < y->fact ? -1 : x->fact > y->fact;
}

static struct symbol_code code_taken(struct facts *facts, const struct symbol *symbol)
{
    struct symbol_code code = tails_code(symbol);
    const char *text = strings_get(facts->strings, code.name);
    code.name = text ? strings_add(facts->names, text, strlen(text)) : 0;
    return code;
}

/* What a packed file or the cache says is checked: it may be damaged, then the function is not known. */
static void fact_take(struct facts *facts, struct fact *fact, const struct symbol *symbols,
                      uint32_t count)
{
    fact->pending = false;
    fact->status = TAILS_UNKNOWN;
    fact->first = (uint32_t)facts->edge_count;
    fact->count = 0;
    if (!count || strcmp(symbols[0].language, TAILS_FUNCTION) != 0 ||
        tails_what(&symbols[0]) > TAILS_KNOWN)
        return;
    fact->self = code_taken(facts, &symbols[0]);
    fact->exported = tails_exported(&symbols[0]);
    for (uint32_t i = 1; i < count;) {
        uint32_t places = tails_what(&symbols[i]);
        if (strcmp(symbols[i].language, TAILS_JUMP) != 0 || places > count - i - 1)
            return;
        facts->edges =
            base_room(facts->edges, &facts->edge_cap, facts->edge_count + 1, sizeof(struct edge));
        facts->symbols = base_room(facts->symbols, &facts->symbol_cap,
                                   facts->symbol_count + places + 1, sizeof *symbols);
        facts->edges[facts->edge_count++] =
            (struct edge){code_taken(facts, &symbols[i]), (uint32_t)facts->symbol_count, places};
        memcpy(facts->symbols + facts->symbol_count, symbols + i + 1, places * sizeof *symbols);
        facts->symbol_count += places;
        fact->count++;
        i += 1 + places;
    }
    fact->status = (enum tails_status)tails_what(&symbols[0]);
}

/* Facts of one module, asked[0..count). */
static void look_in(struct facts *facts, const struct asked *asked, size_t count, bool keep)
{
    uint32_t module = asked[0].module;
    const struct log_module *m = module_at(facts, module);
    struct batch_kept *kept = &facts->kept[m ? module : 0];
    if (!kept->path)
        kept->path = base_copy(m && m->path.text ? m->path.text : "", m ? m->path.bytes : 0);
    struct batch batch = {.items = base_alloc(count, sizeof *batch.items),
                          .count = count,
                          .strings = facts->strings,
                          .names = facts->names,
                          .kept = kept,
                          .tails = true};
    batch.wanted.path = kept->path;
    batch.wanted.find = facts->find;
    if (m) {
        batch.wanted.build_id = m->build_id;
        batch.wanted.build_id_bytes = m->build_id_bytes;
        batch.wanted.stamped = m->stamp.known;
        batch.wanted.bytes = m->stamp.bytes;
        batch.wanted.modified = m->stamp.modified;
    }
    for (size_t i = 0; i < count; i++) {
        batch.items[i].address = asked[i].key;
        batch.items[i].code = facts->list[asked[i].fact].code;
    }
    packed_tails(facts->log, module, &batch);
    if (keep)
        packed_tails_keep(facts->log, module, &batch);
    for (size_t i = 0; i < count && !keep; i++) {
        const struct batch_item *item = &batch.items[i];
        fact_take(facts, &facts->list[asked[i].fact],
                  item->count ? batch.symbols + item->first : NULL, item->known ? item->count : 0);
    }
    batch_free(&batch);
    free(batch.items);
}

static void look_from(struct facts *facts, size_t first, bool keep)
{
    size_t count = facts->count - first;
    struct asked *asked = base_alloc(count, sizeof *asked);
    for (size_t i = 0; i < count; i++) {
        const struct fact *fact = &facts->list[first + i];
        asked[i] = (struct asked){tails_key(facts->names, &fact->code), fact->module,
                                  (uint32_t)(first + i)};
    }
    if (count > 1)
        qsort(asked, count, sizeof *asked, asked_order);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && asked[end].module == asked[i].module;)
            end++;
        look_in(facts, asked + i, end - i, keep);
    }
    free(asked);
}

bool facts_look(struct facts *facts)
{
    size_t first = facts->looked;
    facts->looked = facts->count;
    if (first == facts->count)
        return false;
    look_from(facts, first, false);
    return true;
}

void facts_keep(struct facts *facts)
{
    look_from(facts, 0, true);
}

/* ---- asking ---- */

static enum found is_there(struct facts *facts, uint32_t module, const struct symbol_code *code,
                           uint32_t *fact)
{
    *fact = facts_get(facts, module, code);
    const struct fact *found = &facts->list[*fact];
    if (found->pending)
        return FOUND_PENDING;
    return found->status == TAILS_ELSEWHERE ? FOUND_NOTHING : FOUND_FUNCTION;
}

enum found facts_find(struct facts *facts, uint32_t module, const struct symbol_code *code,
                      uint32_t hint, uint32_t *fact)
{
    enum found found = is_there(facts, module, code, fact);
    struct symbol_code named = {.name = code->name};
    if (found == FOUND_FUNCTION && facts->list[*fact].exported &&
        facts_is_hook(facts, code->name) && !facts_same_module(facts->log, module, facts->program))
        return FOUND_HOOK; /* the tracker's stands in for a library's own */
    if (found != FOUND_NOTHING)
        return found;
    if (!code->name)
        return FOUND_NOTHING;
    if (facts_is_hook(facts, code->name))
        return FOUND_HOOK;
    uint32_t before[] = {hint, facts->program};
    for (int i = 0; i < 2; i++)
        if (before[i] != module && can_have(facts, before[i]) &&
            (found = is_there(facts, before[i], &named, fact)) != FOUND_NOTHING)
            return found;
    for (uint32_t m = 1; m < facts->log->module_count; m++)
        if (m != module && can_have(facts, m) &&
            (found = is_there(facts, m, &named, fact)) != FOUND_NOTHING)
            return found;
    return FOUND_NOTHING;
}

enum found facts_alone(struct facts *facts, uint32_t index)
{
    struct fact fact = facts->list[index];
    struct symbol_code named = {.name = fact.code.name};
    uint32_t other;
    bool pending = false;
    if (!fact.exported || facts_same_module(facts->log, fact.module, facts->program))
        return FOUND_FUNCTION;
    for (uint32_t m = 1; m < facts->log->module_count; m++) {
        if (facts_same_module(facts->log, m, fact.module) || !can_have(facts, m))
            continue;
        enum found found = is_there(facts, m, &named, &other);
        pending |= found == FOUND_PENDING;
        if (found == FOUND_FUNCTION)
            return FOUND_NOTHING;
    }
    return pending ? FOUND_PENDING : FOUND_FUNCTION;
}
