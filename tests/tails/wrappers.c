/* SPDX-License-Identifier: MIT
 *
 * Functions that end in a call. Behind each line of main stands what its stack is to be, the outermost function first: NAME is on the stack or is
 * named with the line that says "jump NAME", NAME? is named without a line. */
#include <stdlib.h>

#define APART __attribute__((noinline))
typedef void *step(size_t n);
void *other_take(size_t n);
void *other_plain(size_t n);
void *hidden_take(size_t n);
step *volatile pointer;
void *volatile kept;

APART void *take(size_t n)
{
    return malloc(n + 1); /* jump take */
}

APART void *zeroed(size_t n)
{
    return calloc(1, n + 2); /* jump zeroed */
}

APART void *grown(size_t n)
{
    return realloc(NULL, n + 3); /* jump grown */
}

static APART void *inner(size_t n)
{
    return malloc(n + 4); /* jump inner */
}

static APART void *outer(size_t n)
{
    kept = NULL;
    return inner(n * 2); /* jump outer */
}

APART void *plain(size_t n)
{
    kept = malloc(n + 5); /* jump plain */
    return kept;
}

APART void *to_plain(size_t n)
{
    return plain(n * 3); /* jump to_plain */
}

APART void *replace(size_t n)
{
    free(kept);
    kept = NULL;
    return malloc(n + 6); /* jump replace */
}

APART void *either(size_t n)
{
    if (n & 1)
        return calloc(3, n);
    kept = NULL;
    return malloc(n + 7);
}

APART void *to_either(size_t n)
{
    kept = NULL;
    return either(n * 5); /* jump to_either */
}

APART void *to_other(size_t n)
{
    return other_take(n * 7); /* jump to_other */
}

APART void *by_pointer(size_t n)
{
    if (n & 1)
        return malloc(n + 8);
    return pointer(n);
}

APART void *even(size_t n, int left);
APART void *odd(size_t n, int left)
{
    if (left < 1)
        return malloc(n + 9);
    return even(n + 1, left - 1);
}

APART void *even(size_t n, int left)
{
    if (left < 1)
        return calloc(9, n);
    return odd(n + 2, left - 1);
}

APART void *to_hidden(size_t n)
{
    return hidden_take(n * 11);
}

int main(void)
{
    pointer = take;
    kept = take(100);        /* stack main take */
    kept = zeroed(200);      /* stack main zeroed */
    kept = grown(300);       /* stack main grown */
    kept = outer(400);       /* stack main outer inner */
    kept = plain(500);       /* stack main plain */
    kept = to_plain(600);    /* stack main to_plain plain */
    kept = replace(700);     /* stack main replace */
    kept = either(801);      /* stack main either? */
    kept = to_either(901);   /* stack main to_either either? */
    kept = other_take(12);   /* stack main other_take */
    kept = to_other(13);     /* stack main to_other other_take */
    kept = other_plain(14);  /* stack main other_plain */
    kept = by_pointer(1600); /* stack main */
    kept = by_pointer(1701); /* stack main */
    kept = odd(1800, 3);     /* stack main */
    kept = even(1900, 0);    /* stack main */
    kept = hidden_take(15);  /* stack main */
    kept = to_hidden(16);    /* stack main */
    return 0;
}
