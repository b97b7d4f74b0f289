/* SPDX-License-Identifier: MIT
 *
 * Why the result is the same as that of a walk of the whole stack: a walk's state is (pc, sp, fp).
 * A step is a function of the state, of the pc's rule and of at most two words of the stack (more
 * for realigned frames, which are stepped again). So if a frame of the last stack is reached in the
 * same state, the last stack is right from there outward, as long as all words that its walk read
 * are unchanged. Every one of them is compared, at every event; what ran in between does not
 * matter. fp is part of the state only where the frames further out depend on it (mt_link.need).
 *
 * Words are compared from the inside outward up to the first difference, so none is read that the
 * walk would not read: all lie between sp and the top of the thread's own stack. On other stacks
 * nothing is reused, and each page is checked.
 */
#include "base/near.h"
#include "unwind/walk.h"

#include "base/aside.h"
#include "base/meta.h"
#include "format.h"
#include "unwind/rule_layout.h"

#define WORD sizeof(uintptr_t)

/* libunwind, too, trusts a frame pointer only so far up where nothing describes the frame. */
#define GUESS_REACH 0x4000u

enum outcome {
    STEPPED,
    END,       /* that was the outermost frame */
    OUTERMOST, /* the same, by its place */
    CUT,       /* nobody can find the next frame */
    NEED_FULL, /* perhaps the full unwinder can find it */
    TOO_DEEP
};

struct position {
    uintptr_t pc, sp, fp;
};

struct job {
    struct mt_stack *stack;
    struct mt_walk *walk;
    struct position now;
    int32_t match;  /* frames of the last stack from here outward may be met again; -1: none */
    uint32_t count; /* steps taken */
    bool own;       /* on the thread's own stack */
    bool plain;     /* all steps so far can be repeated by comparing words */
    enum outcome outcome; /* of walk_aside */
};

/* A word of the stack that is walked. */
static inline bool word_at(const struct job *job, uintptr_t address, uintptr_t *word)
{
    if (!job->own)
        return mt_bounds_peek(&job->walk->bounds, address, word);
    *word = mt_bounds_word(address);
    return true;
}

/* Step to a caller whose canonical frame address is known. */
static inline enum outcome step_to(const struct job *job, uintptr_t cfa, unsigned ra, unsigned fp,
                                   struct position *next)
{
    uintptr_t word;

    if (cfa <= job->now.sp || cfa % WORD || (job->own && cfa > job->walk->bounds.top) ||
        cfa - fp * WORD < job->now.sp || cfa - ra * WORD < job->now.sp)
        return NEED_FULL;
    next->sp = cfa;
    next->fp = job->now.fp;
    if (!word_at(job, cfa - ra * WORD, &word) || (fp && !word_at(job, cfa - fp * WORD, &next->fp)))
        return NEED_FULL;
    next->pc = mt_arch_ra(word);
    return word == 0 ? END : STEPPED;
}

static enum outcome step_realigned(const struct job *job, mt_rule rule, struct position *next)
{
    uintptr_t at = job->now.fp - MT_ARCH_RULE_N(rule) * WORD;
    uintptr_t fp = job->now.fp;
    uintptr_t cfa;
    enum outcome outcome;

    if (at < job->now.sp || at % WORD || (job->own && fp >= job->walk->bounds.top) ||
        !word_at(job, at, &cfa))
        return NEED_FULL;
    outcome = step_to(job, cfa, 1, 0, next);
    return word_at(job, fp, &next->fp) ? outcome : NEED_FULL;
}

/* Step out of a signal handler, perhaps to another stack. */
static enum outcome step_signal(struct job *job, struct position *next)
{
    uintptr_t sp = job->now.sp;
    uintptr_t pc;

    if (job->own && sp + MT_ARCH_SIGNAL_PC + WORD > job->walk->bounds.top)
        return NEED_FULL;
    if (!word_at(job, sp + MT_ARCH_SIGNAL_PC, &pc) ||
        !word_at(job, sp + MT_ARCH_SIGNAL_SP, &next->sp) ||
        !word_at(job, sp + MT_ARCH_SIGNAL_FP, &next->fp) || next->sp % WORD)
        return NEED_FULL;
    next->pc = pc + 1;
    job->own = mt_bounds_own(&job->walk->bounds, next->sp);
    return pc == 0 ? END : STEPPED;
}

/* Nothing describes the frame: follow the frame pointer, or end. */
static enum outcome step_guess(const struct job *job, struct position *next)
{
    uintptr_t fp = job->now.fp;
    enum outcome outcome;

    if (fp == 0)
        return END;
    if (__builtin_expect(job->own && mt_bounds_outermost(&job->walk->bounds, job->now.sp), 0))
        return OUTERMOST;
    if (fp < job->now.sp || fp - job->now.sp > GUESS_REACH || fp % WORD)
        return CUT;
    outcome = step_to(job, fp + 2 * WORD, 1, 2, next);
    return outcome == NEED_FULL ? CUT : outcome;
}

/* The rule for the code here, which is not known yet. */
static mt_rule learnt(const struct job *job)
{
    uintptr_t at = job->now.sp + MT_ARCH_SIGNAL_FLAGS, word;
    mt_rule rule = mt_rule_learn(job->now.pc);

    if (rule == MT_RULE_GUESS && !(job->own && at + WORD > job->walk->bounds.top) &&
        word_at(job, at, &word) && mt_rule_signal(job->now.pc, word))
        return MT_RULE_SIGNAL;
    return rule;
}

static inline enum outcome step(struct job *job, mt_rule rule, struct position *next)
{
    unsigned kind = MT_RULE_KIND(rule);

    if (__builtin_expect(kind == MT_RULE_SP, 1))
        return step_to(job, job->now.sp + MT_ARCH_RULE_N(rule) * WORD, MT_ARCH_RULE_RA(rule),
                       MT_ARCH_RULE_FP(rule), next);
    switch (kind) {
    case MT_RULE_FP:
        return step_to(job, job->now.fp + MT_ARCH_RULE_N(rule) * WORD, MT_ARCH_RULE_RA(rule),
                       MT_ARCH_RULE_FP(rule), next);
    case MT_RULE_REALIGNED:
        return step_realigned(job, rule, next);
    case MT_RULE_SIGNAL:
        job->plain = false;
        job->match = -1;
        return step_signal(job, next);
    case MT_RULE_GUESS:
        return step_guess(job, next);
    case MT_RULE_END:
        return END;
    default:
        return NEED_FULL;
    }
}

/* Words below the caller's sp where the caller's frame pointer stands, 0: it is still in the
 * register. */
static inline unsigned saved_fp(mt_rule rule)
{
    unsigned kind = MT_RULE_KIND(rule);

    if (kind == MT_RULE_SP || kind == MT_RULE_FP)
        return MT_ARCH_RULE_FP(rule);
    return kind == MT_RULE_GUESS ? 2 : 0;
}

/* A realigned frame is verified by stepping again. */
static bool same_step(struct mt_stack *stack, struct mt_walk *walk, int32_t at)
{
    const struct mt_frame *outer = &stack->frames[at - 1];
    struct job again = {.stack = stack,
                        .walk = walk,
                        .now = {stack->frames[at].pc, stack->frames[at].sp, walk->links[at].fp},
                        .own = true};
    struct position next;

    return step_realigned(&again, walk->links[at].rule, &next) == STEPPED && next.pc == outer->pc &&
           next.sp == outer->sp && (!walk->links[at - 1].need || next.fp == walk->links[at - 1].fp);
}

/* A frame that is not plain: is its caller still the same? */
static bool same_caller(struct mt_stack *stack, struct mt_walk *walk, int32_t at)
{
    const struct mt_frame *outer = &stack->frames[at - 1];
    const struct mt_link *link = &walk->links[at];

    if (MT_RULE_KIND(link->rule) == MT_RULE_REALIGNED)
        return same_step(stack, walk, at);
    if (mt_arch_ra(mt_bounds_word(outer->sp - mt_walk_saved_ra(link->rule) * WORD)) != outer->pc)
        return false;
    return !link->check || mt_bounds_word(outer->sp - link->check * WORD) == link[-1].fp;
}

/* From frame `at` outward, whose state is right: the first frame whose caller is no longer the
 * same; 0: none. */
static inline __attribute__((always_inline)) int32_t verify(struct mt_stack *stack,
                                                            struct mt_walk *walk, int32_t at)
{
    const struct mt_frame *outer = stack->frames + at - 1;
    const struct mt_link *link = walk->links + at;

    for (; link > walk->links; outer--, link--) {
        if (__builtin_expect(link->plain, 1)) {
            if (mt_arch_ra(mt_bounds_word(outer->sp - WORD)) != outer->pc)
                break;
        } else if (!same_caller(stack, walk, (int32_t)(link - walk->links))) {
            break;
        }
    }
    return (int32_t)(link - walk->links);
}

static __attribute__((noinline)) bool steps_grow(struct mt_walk *walk)
{
    uint32_t cap = walk->steps_cap ? 2 * walk->steps_cap : 256;
    struct mt_step *steps =
        mt_meta_grow(walk->steps, walk->steps_cap * sizeof *steps, cap * sizeof *steps);

    if (!steps)
        return false;
    walk->steps = steps;
    walk->steps_cap = cap;
    return true;
}

static inline bool push(struct job *job, const struct position *at, mt_rule rule)
{
    struct mt_walk *walk = job->walk;

    if (__builtin_expect(job->count == walk->steps_cap, 0) && !steps_grow(walk))
        return false;
    walk->steps[job->count++] =
        (struct mt_step){.frame = {.pc = at->pc, .sp = at->sp}, .fp = at->fp, .rule = rule};
    return true;
}

/* The frames from `from` to the one inside `to` were verified: they count as walked. Go on to `to`,
 * with the fp that it has. */
static bool take_verified(struct job *job, int32_t from, int32_t to)
{
    for (int32_t i = from; i > to; i--) {
        const struct mt_frame *outer = &job->stack->frames[i - 1];
        mt_rule rule = job->walk->links[i].rule;
        unsigned saved = saved_fp(rule);

        if (!push(job, &job->now, rule))
            return false;
        if (MT_RULE_KIND(rule) == MT_RULE_REALIGNED)
            job->now.fp = mt_bounds_word(job->now.fp);
        else if (saved)
            job->now.fp = mt_bounds_word(outer->sp - saved * WORD);
        job->now.pc = outer->pc;
        job->now.sp = outer->sp;
    }
    return true;
}

/* Whether the present position occurs in the last stack: then the frames from there outward may
 * still be right. */
static inline bool joins(struct job *job)
{
    const struct mt_frame *frames = job->stack->frames;
    const struct mt_link *links = job->walk->links;
    int32_t at = job->match;

    while (at >= 0 && frames[at].sp < job->now.sp)
        at--;
    job->match = at;
    return at >= 0 && frames[at].sp == job->now.sp && frames[at].pc == job->now.pc &&
           (!links[at].need || links[at].fp == job->now.fp);
}

/* The frame that was pushed last is the outermost one. If a word on the stack told so (no return
 * address, or a wrong one), that word is not compared later: such a stack is walked anew each time.
 */
static enum outcome end(struct job *job, mt_rule rule, enum outcome outcome)
{
    unsigned kind = MT_RULE_KIND(rule);

    job->match = -1;
    if (outcome == STEPPED ||
        (outcome == END && kind != MT_RULE_END && (kind != MT_RULE_GUESS || job->now.fp != 0)))
        job->plain = false;
    return outcome == STEPPED ? CUT : outcome;
}

static void walk_aside(void *job);

/* Walk to the end of the stack (match is -1 then) or to a frame of the last stack that is still
 * right (match). `learn`: rules that are not known yet; else the walk goes on aside, to do so. */
static inline __attribute__((always_inline)) enum outcome walk_on(struct job *job, bool learn)
{
    struct position next;
    enum outcome outcome;
    mt_rule rule;

    for (;;) {
        if (joins(job)) {
            int32_t at = verify(job->stack, job->walk, job->match);

            if (at == 0)
                return END;
            if (!take_verified(job, job->match, at))
                return NEED_FULL;
            job->match = at - 1;
        }
        if (__builtin_expect(!mt_rule_at_hand(job->now.pc, &rule), 0)) {
            if (!learn) {
                mt_aside(walk_aside, job);
                return job->outcome;
            }
            rule = learnt(job);
        }
        outcome = step(job, rule, &next);
        if (outcome == NEED_FULL || !push(job, &job->now, rule))
            return NEED_FULL;
        if (outcome != STEPPED || __builtin_expect(!mt_bounds_code(next.pc), 0))
            return end(job, rule, outcome);
        if (job->count >= MT_DEPTH_MAX) {
            job->match = -1;
            return TOO_DEEP;
        }
        job->now = next;
    }
}

static __attribute__((noinline, cold)) void walk_aside(void *job_)
{
    struct job *job = job_;
    job->outcome = walk_on(job, true);
}

static bool reserve(struct mt_stack *stack, struct mt_walk *walk, uint32_t count)
{
    struct mt_link *links;

    if (__builtin_expect(count <= stack->cap && count <= walk->links_cap, 1))
        return true;
    if (!mt_unwind_reserve(stack, count))
        return false;
    if (walk->links_cap < stack->cap) {
        links =
            mt_meta_grow(walk->links, walk->links_cap * sizeof *links, stack->cap * sizeof *links);
        if (!links)
            return false;
        walk->links = links;
        walk->links_cap = stack->cap;
    }
    return true;
}

static inline void settle_link(struct mt_link *links, uint32_t at, const struct mt_step *step)
{
    unsigned kind = MT_RULE_KIND(step->rule);
    unsigned saved = saved_fp(step->rule);
    bool outer_needs = at > 0 && links[at - 1].need;

    links[at].fp = step->fp;
    links[at].rule = step->rule;
    links[at].check = outer_needs ? (uint16_t)saved : 0;
    links[at].plain =
        !links[at].check && mt_walk_saved_ra(step->rule) == 1 && kind != MT_RULE_REALIGNED;
    if (kind == MT_RULE_FP || kind == MT_RULE_REALIGNED || kind == MT_RULE_GUESS)
        links[at].need = true;
    else
        links[at].need = saved == 0 && outer_needs;
}

/* Put the new frames onto the `outer` ones that stay. */
static void settle(struct job *job, uint32_t outer)
{
    struct mt_frame *frames = job->stack->frames;
    const struct mt_step *step = job->walk->steps + job->count;
    uint32_t used = outer + job->count;
    uint32_t kept = outer;

    for (uint32_t at = outer; at < used; at++) {
        step--;
        if (kept == at && at < job->stack->used && frames[at].pc == step->frame.pc &&
            frames[at].sp == step->frame.sp)
            kept++;
        frames[at] = step->frame;
        settle_link(job->walk->links, at, step);
    }
    job->stack->used = used;
    job->stack->kept = kept;
}

/* Keep the innermost MT_DEPTH_MAX frames. */
static void shorten(struct mt_stack *stack)
{
    uint32_t excess = stack->used - MT_DEPTH_MAX;

    for (uint32_t i = 0; i < MT_DEPTH_MAX; i++)
        stack->frames[i] = stack->frames[i + excess];
    stack->used = MT_DEPTH_MAX;
    stack->kept = 0;
    stack->cut = 1;
}

/* Whether it is the very same stack once more, as in a loop. */
static inline bool same_again(struct mt_stack *stack, struct mt_walk *walk,
                              const struct mt_start *from)
{
    uint32_t last = stack->used - 1;

    if (!walk->memo || stack->frames[last].sp != from->sp || stack->frames[last].pc != from->pc ||
        (walk->links[last].need && walk->links[last].fp != from->fp) ||
        verify(stack, walk, (int32_t)last) != 0)
        return false;
    stack->kept = stack->used;
    stack->by_rules = true;
    return true;
}

MT_HOT bool mt_walk(struct mt_stack *stack, struct mt_walk *walk, const struct mt_start *from)
{
    struct job job = {.stack = stack,
                      .walk = walk,
                      .now = {from->pc, from->sp, from->fp},
                      .match = walk->memo ? (int32_t)stack->used - 1 : -1,
                      .plain = true};
    enum outcome outcome;
    uint32_t outer;

    if (same_again(stack, walk, from))
        return true;
    mt_bounds_begin(&walk->bounds);
    job.own = mt_bounds_own(&walk->bounds, from->sp - WORD);
    if (!job.own) {
        job.plain = false;
        job.match = -1;
    }
    walk->memo = false;
    outcome = walk_on(&job, false);
    outer = (uint32_t)(job.match + 1);
    if (outcome == NEED_FULL || !reserve(stack, walk, outer + job.count))
        return false;
    if (outer == 0)
        stack->cut = outcome == END || outcome == OUTERMOST ? 0 : outcome == TOO_DEEP ? 1 : 2;
    settle(&job, outer);
    if (stack->used > MT_DEPTH_MAX)
        shorten(stack);
    walk->memo = job.plain && stack->cut != 1;
    stack->by_rules = true;
    return true;
}
