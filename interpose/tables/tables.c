/* SPDX-License-Identifier: MIT */
#include "tables/tables.h"

#include "tables/counters.h"
#include "tables/finish.h"
#include "tables/live.h"
#include "tables/mappings.h"
#include "tables/objects.h"
#include "tables/period.h"
#include "tables/slots.h"
#include "tables/thread.h"
#include "tables/timeline.h"

void mt_tables_init(void (*thread_ended)(void *))
{
    mt_slots_init(thread_ended);
}

void mt_tables_begin(void)
{
    mt_counters_lost_init();
}

void mt_tables_opened(void)
{
    mt_timeline_begin();
}

void mt_tables_end(struct mt_thread *t)
{
    mt_timeline_end(t ? &t->counters : NULL, t ? t->entry->leaf : 0);
}

void mt_tables_forget(void)
{
    mt_slots_forget();
    mt_finish_forget();
    mt_live_inherit();
    mt_objects_inherit();
    mt_mappings_inherit();
    mt_counters_forget();
    mt_timeline_forget();
    mt_period_forget();
}
