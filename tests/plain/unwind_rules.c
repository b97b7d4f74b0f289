/* SPDX-License-Identifier: MIT
 *
 * The rule that the unwinder has for an address, learnt there or for another address near it, is the one that the address's own row
 * of the unwind tables says: for each third byte of all code that this program has loaded, in a scattered order.
 */
#include <link.h>

#include "unwind_check.h"

#include "../../interpose/unwind/cfi.h"
#include "../../interpose/unwind/rule.h"
#include "../../interpose/unwind/rule_layout.h"

static unsigned long asked, near, wrong;

static void ask(uintptr_t pc)
{
    struct mt_cfi_row row;
    mt_rule rule;
    bool known = mt_rule_known(pc, &rule), by_near = !known && mt_rule_near(pc, &rule);

    /* with all registers: so its program is run from the beginning */
    if (mt_cfi_find(pc - 1, true, &row) != MT_CFI_FOUND || row.signal) {
        CHECK(!by_near);
        return;
    }
    if (!known && !by_near)
        rule = mt_rule_learn(pc);
    asked++;
    near += by_near;
    if (rule != mt_arch_rule(&row) && wrong++ < 5)
        fprintf(stderr, "%#zx: rule %#x, its row says %#x\n", pc, (unsigned)rule,
                (unsigned)mt_arch_rule(&row));
}

/* 65,536 addresses at a time: as many as the table has room for. */
#define PART    65536u
#define STRIDE  3u
#define SCATTER 40503u /* odd: all of a part, each once */

static int object(struct dl_phdr_info *info, size_t bytes, void *nothing)
{
    (void)bytes, (void)nothing;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
            continue;
        uintptr_t low = info->dlpi_addr + p->p_vaddr, high = low + p->p_memsz;
        for (; low < high; low += (uintptr_t)PART * STRIDE) {
            for (uint32_t n = 0; n < PART; n++) {
                uintptr_t pc = low + 1 + (uintptr_t)(n * SCATTER % PART) * STRIDE;
                if (pc < high)
                    ask(pc);
            }
            mt_rule_flush();
        }
    }
    return 0;
}

int main(void)
{
    CHECK(mt_unwind_init());
    dl_iterate_phdr(object, NULL);
    printf("%lu addresses, %lu by another one's rule, %lu wrong\n", asked, near, wrong);
    CHECK(!wrong);
    CHECK(asked > 100000 && near > asked / 2);
    return check_done();
}
