/* SPDX-License-Identifier: MIT
 *
 * What a page that goes to others should not tell.
 */
#ifndef PAGE_REDACT_H
#define PAGE_REDACT_H

/* Replace each home folder in a text by "~", in place: /home/NAME, /Users/NAME, /root, and $HOME. */
void redact_homes(char *text);

#endif
