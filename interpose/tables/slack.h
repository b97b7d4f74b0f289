/* SPDX-License-Identifier: MIT
 *
 * Slack: what the live blocks have beyond what was asked for, by the call site that allocated them, when the program finished.
 */
#ifndef MT_SLACK_H
#define MT_SLACK_H

/* Write it to the log, and that it is known; or nothing, where it isn't. Once in a process, when it finishes, with the guard set and no
 * lock held. Costs about 0.1 us for each live block, and nothing before. */
void mt_slack_take(void);

#endif
