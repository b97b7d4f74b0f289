/* SPDX-License-Identifier: MIT
 *
 * The library libmemtrace.so (on macOS libmemtrace.dylib): how it is built, and how to add to it. This file has no code. tests/order.py reads the map below
 * and checks the tree against it, so that the two can't disagree: ctest -R order.
 *
 *
 * THE HOUSE
 *
 * From the ground up. Each floor uses itself and those before it, and of those only the headers that they offer; no two modules
 * use each other in a circle. Each function that a floor offers has a contract: units, ownership, errors, who may call it and
 * from where. A file includes by the path from here on: "log/intern.h".
 *
 *   os/            the system, by raw calls; text without libc. A port begins here
 *                  offers os.h, call.h, preload.h, str.h
 *   base/          what every floor needs: settings, locks, the guard, the tracker's own memory and stacks
 *                  offers aside.h, config.h, guard.h, key.h, libc.h, local.h, local_darwin.h, lock.h, meta.h, near.h, newer.h, own.h, pool.h, ring.h
 *   log/           the log: its file, its regions, what stands in it once
 *                  offers log.h, intern.h, open.h
 *   loader/        what the dynamic loader has loaded: objects, their symbols, the real functions behind ours
 *                  offers object.h, build_id.h, modules.h, real.h, heap.h, program.h, foreign_program.h, library.h, symbol.h
 *   loader/macho/  the same of dyld, for macOS
 *                  offers headers.h, images.h
 *   unwind/        native stacks
 *                  offers unwind.h, stack.h, tail.h, tail_find.h, whole.h, arch.h, bounds.h, cfi.h, full.h
 *   unwind/elf/    which tables of an object describe its frames: ELF
 *   unwind/macho/  the same of Mach-O, and where stacks lie on macOS
 *   foreign/       an interpreter's frames among the native ones, and how the stack reaches an interpreter
 *                  offers interpreter.h, stack.h, merge.h, pair.h
 *   python/        CPython's frames and code objects, read from its own structures; calls none of its functions that allocate
 *                  offers attach.h, interpreter.h, thread.h, code.h, command.h, lines.h, text.h
 *   tables/        what an event is entered into: stacks, counters, runs, live blocks and mappings, timeline, periods
 *                  offers account.h, finish.h, live.h, mappings.h, objects.h, period.h, slots.h, tables.h, thread.h
 *   process/       the tracker's beginning in a process or in the child of a fork, and its line at the end
 *                  offers start.h, summary.h, untraced.h
 *   hooks/         the wrapped functions, and the door by which each goes in and out
 *                  offers enter.h, event.h, here.h, leaving.h, mapped.h, mapping.h, moments.h, moved.h, nested.h, unload.h, watch.h
 *   hooks/python/  what we put into CPython: its allocator tables, exact lines, source texts, what precedes the program
 *                  offers begin.h, clients.h, exact.h
 *   hooks/darwin/  the wrapped functions of macOS
 *                  offers end.h
 *   api.c          what a program may call (memtrace.h)
 *   init.c         the three moments in which the system calls us: load, exit, fork
 *   init_darwin.c  the same of macOS
 *
 * open to all: format.h, hooks.def, hooks_darwin.def, memtrace.h
 * declared where they are used: _*, environ, mt_je_*
 * unwind/unwind may be in a circle with unwind/verify: only in the build that verifies stacks
 *
 * What a lower floor has to tell a higher one goes through a pointer that the higher one sets, NULL for "nobody":
 * mt_modules_met, mt_interpreter, mt_python_listener, mt_python_clients. What two .c files share is declared in a header.
 *
 *
 * AN EVENT'S WAY
 *
 *   the program calls malloc
 *     hooks/malloc.c        the door is passed (hooks/enter.h): the guard is set, the thread's state is at hand
 *     the real malloc       what it calls in turn is not seen
 *     tables/account.c      the event is entered:
 *       tables/capture.c      the stack: known again, or walked (unwind/) and merged with an interpreter's (foreign/), to a node
 *       tables/runs.c         runs of frames that left the stack are closed, runs of new frames are opened
 *       tables/counters.c     the node's record counts it
 *       tables/live.c         the block is live, or no longer
 *       tables/timeline.c     now and then a sample
 *   the door is passed again
 *
 * All but the live blocks is written straight into the log, which is mapped memory: there is no writer and nothing to flush.
 *
 *
 * THE RULES OF A GUEST stand at the top of hooks/malloc.c. They hold in all of this tree.
 *
 *
 * LOCKS AND FORK. base/lock.h has the order of all locks, how a thread waits for one, and what the child of a fork does about
 * those that were held. From the inner end: base/own.c, base/meta.c, log/, loader/, tables/ (one at a time), python/, hooks/. A lock is held
 * for a look-up or a change of one table; what takes longest with one held is a table that doubles. Nothing is held while a process
 * forks: its child forgets, or begins anew.
 *
 *
 * SIGNALS. A handler of the program may come at any time but inside the private allocator (base/meta.c): for one of its calls, which
 * makes 8 system calls at most, 24 in a process's first one (the test torture/held counts them). Nobody waits for another thread meanwhile. In the
 * child of a fork it is also as long as a shard of the live blocks, 1/128 of them, needs to join what was inherited. A handler's
 * events that come while tables are half-written are dropped, so a handler never waits for the thread that it interrupts.
 *
 *
 * WORDS: one for one thing, in code, comments, messages and the log's description
 *
 *   event            one allocation or release that a wrapped function saw
 *   block            what an allocation function returned
 *   mapping          what mmap returned; arena and pool are CPython's own words, for its own
 *   requested size   the bytes that were asked for: what an event counts
 *   call site        the node of the innermost frame that is not an allocator's
 *   release          giving memory back; `free` is only the function
 *   live             allocated and not released
 *   level            live bytes at an instant, of the process or as changed by one thread
 *   peak             the highest level; at peak: then
 *   frame            one call on a stack: native, or foreign, which is an interpreter's
 *   stack            the frames at an event, outermost first
 *   unwind           find the frames of a stack
 *   node             one frame in the tree of all stacks, below its caller's; a leaf: the innermost frame's
 *   own, inclusive   of the leaf alone; of all nodes from the root to it
 *   run              a thread's consecutive events that all have a node on the stack; open while it lasts, then closed
 *   stretch          consecutive events below a node that used some of its call sites in turns, and no others
 *   finished         main has returned, exit was called, or the interpreter finalises; leaked: what is live at the very end
 *   log              the file; region: one of its tables; record: one entry of variable length, or one of a node's counters
 *   period           a part of the process's time that the program marks, with tables of its own
 *   resident set     the pages of the process that are in memory
 *   dropped          an event that could not be recorded: counted, and said
 *   guard            a thread's mark that it is inside the tracker, so that the tracker does not see itself
 *   object           a loaded object is a file that the loader mapped; an interpreter's object is a piece of its memory
 *
 *
 * PLATFORMS. The file is chosen, not a part of it by #if; which ones, say linux.cmake and darwin.cmake. os/linux*.c (Linux), loader/object_glibc.c,
 * object_list_glibc.c and heap_glibc.c (glibc), loader/library_elf.c, build_id_elf.c and unwind/elf/ (ELF), unwind/bounds_linux.c,
 * unwind/full_libunwind.c; base/aside_*.S, unwind/arch_*.h and unwind/rule_layout_*.h (the processor). A header that both systems need in
 * their own way picks the right one: base/local.h, os/preload.h.
 *
 * One library is loaded by glibc's loader and by musl's. What musl lacks is referred to weakly (base/libc.c), and then done without: where objects
 * lie is read from the loader's list, as with an old glibc. musl's loader takes what is needed of libc.so.6, libdl.so.2 and libpthread.so.0
 * from itself, and knows no versions. All other symbols that are referred to are in both (test exports), and no structure is shared with
 * libc but those of the ELF format, of the kernel, and struct link_map.
 *
 *   unwind/bounds_musl.c  where stacks lie
 *   hooks/nested.c        musl's allocator calls itself by its public names
 *   loader/real.c         the last error of the loader
 *
 * macOS: dyld replaces the functions of hooks_darwin.def in all images but ours (hooks/darwin/tuples.c), so that the originals are called by
 * their names, and libSystem takes the place of raw system calls.
 *
 *     os/darwin*.c, init_darwin.c   the system; dyld runs our constructor after those of libSystem, and the hooks pass on until then
 *     base/local_darwin.c           no thread-local variables: what each thread has of its own is found by a key
 *     base/meta_slabs.c             the tracker's own memory, without jemalloc
 *     base/newer_darwin.c, key_darwin.c, aside_darwin_*.S, loader/heap_none.c
 *     loader/macho/                 images by dyld's callbacks, UUIDs in place of build-ids
 *     unwind/macho/                 compact unwind tables, and where these refer to it .eh_frame
 *     hooks/darwin/                 zones, typed malloc, mappings, exec
 *     python/none.c                 Python's frames are not read
 *
 * What a port still has to look at: all that linux.cmake names and darwin.cmake does not.
 *
 *
 * WHERE THINGS GO
 *
 *   a wrapped function         a line in hooks.def, its wrapper in the file of hooks/ that has its family
 *   another system             NAME.cmake, os/NAME*.c, and the list above
 *   another language           a floor beside python/ with a struct mt_interpreter, and hooks/LANGUAGE/ for what stands in it
 *   sampling                   tables/sample.c, asked by tables/account.c
 *   a stream of all events     log/stream.c and tables/stream.c, written at the end of tables/account.c
 *   GPU memory                 hooks/cuda.c, and a class beside heap and mappings in format.h
 *   attaching to a process     process/attach.c, hooks/patch.c
 */
