/* SPDX-License-Identifier: MIT
 *
 * The command memtrace: how it is built, and how to add to it. This file has no code. tests/order.py reads the map below and checks
 * the tree against it, so that the two can't disagree: ctest -R order.
 *
 *
 * THE ROOMS
 *
 * A log becomes what a person reads in one pipeline, and each room is a stage of it:
 *
 *   log file -> read -> tree of stacks, figures -> resolve -> with names -> fold -> rows -> show -> text, JSON
 *
 * From the ground up. Each room uses itself and those before it, and of those only the headers that they offer; no two modules use
 * each other in a circle. Each function that a room offers has a contract: units, ownership, errors. A file includes by the path
 * from here on: "read/log.h".
 *
 *   base/     memory that never fails, messages, foreign text, files, maps, progress, the number of threads
 *             offers amount.h, base.h, file.h, glyph.h, links.h, map.h, nearest.h, once.h, progress.h, settings.h, target.h, text.h, threads.h, toml.h
 *   pack/     the container of `memtrace pack`: named sections in one compressed file
 *             offers pack.h
 *   symbols/  what an ELF or Mach-O file says about an address: functions, lines, inlined calls; the cache of that
 *             offers batch.h, find.h, jit.h, lookup.h, symbols.h, tails.h
 *   read/     the log, in which nothing is trusted: checked records, the tree of stacks, figures and runs of each node
 *             offers beside.h, draft.h, log.h, model.h, node.h, reader.h, runs.h, sizes.h, sums.h
 *   resolve/  from frames to places, whose code a place is, source text, what a person's -f means
 *             offers changed.h, frames.h, keeps.h, match.h, rank.h, resolve.h, rules.h, short.h, source.h, source_log.h, source_map.h,
 *             offers source_of.h, suppress.h
 *   fold/     from resolved stacks to rows; several logs as a family
 *             offers answers.h, branches.h, course.h, exact.h, family.h, fold.h, joined.h, leaks.h, own.h, query.h, rows.h, runtimes.h, select.h, stacks.h, tree.h,
 *             offers unsure.h
 *   show/     rows as text and JSON
 *             offers answers.h, beside.h, by.h, curve.h, family.h, fit.h, json.h, leaks.h, lines.h, listing.h, marks.h, metric.h, mprun.h, name.h, notes.h, row_json.h,
 *             offers sizes.h, stack.h, stacks_json.h, summary.h, table.h, terminal.h, timeline.h, tree.h, view.h
 *   compare/  two sides of logs: whose names are the same, what changed by more than by chance, as text and JSON
 *             offers changes.h, match.h, matched.h, show.h, side.h
 *   budget/   budgets of what programs may take, whether logs keep to them, in the formats of CI
 *             offers budget.h, formats.h, verdict.h
 *   advice/   what a log shows that something could be done about: a few sentences, each with its line
 *             offers advice.h
 *   page/     rows, the tree and the curve, of a log or of two sides, as one HTML file: folded, packed, with the viewer around them
 *             offers both.h, page.h, pruned.h, redact.h, tables.h, together.h
 *   export/   logs as other programs' files: a tree of stacks of its own, and a file for each format
 *             offers formats.h, otlp_answer.h, profile.h, prune.h
 *   push/     logs sent to servers of profiles
 *             offers push.h, servers.h
 *   import/   other programs' files as logs
 *             offers import.h
 *   merge/    several logs as one
 *             offers merge.h
 *   top/      the live screen of `memtrace top`
 *             offers reading.h, screen.h
 *   verbs/    the command line: a file for each verb
 *             offers logs.h, options.h, plain_path.h, program.h, python_folder.h, run.h, self.h, verbs.h
 *   verbs/compare/  the verbs that run a program several times or compare runs
 *             offers runs.h
 *   verbs/out/  the verbs that take a log elsewhere
 *   verbs/macos/  what of a verb is another on macOS
 *             offers protected.h
 *   main_macos.c  the command on macOS
 *
 * ../interpose/format.h is included by read/ alone: what the others know of a log is read/log.h and read/model.h.
 * ../interpose/os/preload.h is included by verbs/ alone: how the library is preloaded.
 * ../interpose/hooks.def is included by resolve/ alone: names of what a tail call may have led to.
 *
 * python/ is the Python module, which people import and pip lists, not a room: it calls the command and reads its JSON. CMake
 * links it into the build folder and installs it; verbs/python_folder.c finds it for `memtrace --python`.
 *
 * html/ is no room either: the viewer of page/, in JavaScript, which html/build.mjs makes one text of.
 *
 *
 * WORDS beside those of interpose/design.h, which hold here as well
 *
 *   place      a file, line and function of one language; an inlined call has one of its own. What a row by line stands for
 *   leaf       a node at which events happened, and what they came to
 *   figures    struct sums: what is added up
 *   row        what all stacks with one key come to; the key is a place, a function, a module, ...
 *   rank       whose code it is: the user's, the program's, a library's
 *   damaged    a log in which something could not be read: it was said, and what is left is shown
 *
 *
 * WHERE THINGS GO
 *
 *   a view         show/NAME.c takes a struct stacks or rows and prints; verbs/NAME.c opens the log (stacks_open), asks (fold) and
 *                  calls it. verbs/sites.c is the shortest example. A view reads no records: what it lacks becomes a metric or a
 *                  grouping
 *   a verb         a line in verbs/verbs.c's table, its function and help in verbs/verbs.h, a file in verbs/, a page in man/
 *   an option      a line in verbs/options.c, a member of struct options; then scripts/man. Completions follow by themselves
 *   a resident     memory that is there to stay: a line in resolve/residents.def
 *   a metric       fold/query.h (enum metric), its name in fold/query.c, its value in fold/rows.c. What the log counts by
 *                  node first becomes a member of struct sums (read/sums.h), which read/model.c fills
 *   a grouping     fold/query.h (enum grouping), its name in fold/query.c, its key in fold/keys.c
 *   a question     of the first page: fold/answers.h, its list in show/answers.c; whose line it is: fold/own.c, resolve/keeps.c
 *   a match        of names in two logs: a pass in compare/functions.c or compare/lines.c, its kind in compare/match.h
 *   a note         show/notes.c, which every view prints
 *   a filter       struct filter in fold/query.h, fold/select.c
 *   a rise         read/runs.c (what the log has) and fold/rises.c (what a row makes of it), nothing else
 *   a class        enum log_class and class_name in read/log.h, beside that of interpose/format.h
 *   a log version  a file in read/ that fills struct log and struct model; read/reader.c chooses by the version
 *   a symbol file  symbols/symbols.h is what the others know; symbols/symbols_dw.c does it with elfutils, of Mach-O files by way of symbols/macho_elf.c
 *   a language     a kind of frame in read/log.h, its places in resolve/resolve.c, its rank in resolve/rank.c
 *   a format       of export: export/NAME.c, its function in export/formats.h, a line in export/formats.c
 *   a figure       text_size for bytes, text_count and text_s for a number of things (base/text.h)
 *   foreign text   text_put or table_cell; a name where the room is limited: show/fit.h; stacks in JSON: show/stacks_json.h
 */
