/* SPDX-License-Identifier: MIT */
#include "loader/heap.h"
#include "loader/library.h"
#include "loader/real.h"
#include "log/log.h"
#include "os/os.h"
#include "tables/finish.h"
#include "tables/slack.h"

struct mt_finish_code mt_finish_code;
static uint32_t finished;

void mt_finish_init(void)
{
    uintptr_t begin, end;
    if (mt_library_code(mt_real_exit(), "exit", &begin, &end))
        mt_finish_code = (struct mt_finish_code){begin, end - begin};
    mt_heap_init();
}

void mt_finish(bool sound)
{
    struct mt_header *h = mt_log.header;
    if (__atomic_load_n(&finished, __ATOMIC_RELAXED) ||
        __atomic_exchange_n(&finished, 1, __ATOMIC_RELAXED))
        return;
    for (unsigned i = 0; i < MT_CLASSES; i++)
        h->finish_class[i] = __atomic_load_n(&h->class_level[i].level, __ATOMIC_RELAXED);
    h->finish_level = __atomic_load_n(&h->level, __ATOMIC_RELAXED);
    uint64_t time = mt_os_mono() - h->start_mono;
    __atomic_store_n(&h->finish_time, time ? time : 1, __ATOMIC_RELEASE);
    /* From now on every record notes what it has live before it changes, see counters.c. */
    __atomic_fetch_or(&h->peak_seq, MT_SEQ_FINISHED, __ATOMIC_RELEASE);
    if (sound)
        mt_slack_take();
}

void mt_finish_forget(void)
{
    finished = 0;
}
