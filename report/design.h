/* SPDX-License-Identifier: MIT
 *
 * The command memtrace: how it is built, and how to add to it. This file has no code. tests/order.py reads the map below, so
 * that the map can't disagree with the code: ctest -R order.
 *
 * A log becomes what a person reads in one pipeline, and each room is a stage of it:
 *
 *   log file --read--> tree of stacks, figures of each leaf --resolve--> the same with names --fold--> rows --show--> text, JSON
 *
 * The rooms, from the ground up. Each uses itself and the rooms before it, and of those only what they offer; no two modules
 * use each other in a circle. Includes name the room ("read/log.h").
 *
 *   base/     memory that never fails, messages, foreign text, files, maps, progress, the number of threads
 *             offers base.h, file.h, map.h, progress.h, text.h, threads.h
 *   symbols/  what an ELF file says about an address: functions, lines, inlined calls; their cache
 *             offers batch.h, lookup.h, symbols.h
 *   read/     the log, nothing trusted: checked records, the tree of stacks, figures and runs of each node
 *             offers log.h, model.h, node.h, reader.h, runs.h, sums.h
 *   resolve/  frames to places (file, line, function), whose code it is, source text, what a person's -f means
 *             offers frames.h, match.h, rank.h, source.h, source_log.h
 *   fold/     resolved stacks to rows
 *             offers exact.h, family.h, fold.h, query.h, rows.h, stacks.h, tree.h
 *   show/     rows as tables and JSON
 *             offers family.h, json.h, lines.h, lines_json.h, listing.h, mprun.h, name.h, row_json.h, summary.h, table.h,
 *             offers terminal.h, view.h
 *   verbs/    the command line: a file for each verb
 *             offers python_folder.h, verbs.h
 *
 * ../interpose/format.h is included by read/ alone: it is the contract with the traced process.
 */
