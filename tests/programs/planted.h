/* SPDX-License-Identifier: MIT
 *
 * Planted leaks: each line that forgets memory has a mark, PLANTED and a name, and the program prints for each name what it forgot,
 * "PLANTED name bytes". Beside them the runtimes keep something for themselves, of which no line is guilty.
 */
#ifndef PLANTED_H
#define PLANTED_H

enum { REQUESTS = 500, KEYS = 300, ROWS = 700, CALLS = 200 };

#endif
