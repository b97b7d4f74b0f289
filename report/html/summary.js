// SPDX-License-Identifier: MIT
// The first answer: a sentence, the totals, the honest notes.
import { advice } from './advice.js';
import { logsOf, summary as changes } from './changes.js';
import { by, fill, make } from './dom.js';
import { count, NOT_KNOWN, seconds, share, size, visible } from './text.js';

const base = (path) => (path ?? '').replace(/.*\/(?=.)/, '');

export function title(facts) {
  const argv = facts.argv.length ? [base(facts.argv[0]), ...facts.argv.slice(1)].join(' ') : base(facts.program) || 'program';
  const who = facts.processes ? [`all ${count(facts.processes)} processes`] : facts.pid ? [`pid ${facts.pid}`] : [];
  return visible([argv, seconds(facts.duration_ns), ...who].join(', '));
}

/** The page shows a part of the run, some periods or stacks only, but the peak is the whole run's. */
const part = (facts) => facts.questions?.peak.total.bytes < facts.peak_bytes;

function answer(model) {
  const unknown = model.facts.questions?.peak.unknown.bytes ?? 0, words = [held(model)].flat();
  return unknown > 0 ? [...words, ` ${size(unknown)} of it (${share(unknown, model.facts.questions.peak.total.bytes)}) by ${NOT_KNOWN}.`] : words;
}

function held(model) {
  const { facts } = model, first = facts.questions?.peak.lines[0];
  if (!facts.allocations) return 'No allocation is in the log.';
  if (!first || first.frame === null) return facts.processes ? `The peaks of the processes come to ${size(facts.peak_bytes)}.` : `The peak was ${size(facts.peak_bytes)}.`;
  const frame = model.frames[first.frame];
  const shown = facts.questions.peak.total.bytes, whole = facts.processes ? `${size(shown)} held at the peaks of ${count(facts.processes)} processes` : part(facts) ? `${size(shown)} shown here` : `${size(facts.peak_bytes)} peak`;
  return [`${size(first.bytes)} of the ${whole} (${share(first.bytes, shown)}) are held at `, frame, '.'];
}

function card(name, figure, more) {
  return make('div', { class: 'card' }, make('span', {}, name), make('b', {}, figure), make('span', {}, more));
}

export function summary(app) {
  const { facts } = app.model;
  advice(app);
  by('foot').textContent = foot(facts);
  if (facts.diff) changes(app);
  else totals(app);
}

function totals(app) {
  const { facts } = app.model, words = answer(app.model);
  by('what').textContent = title(facts);
  by('what').title = title(facts);
  document.title = `${title(facts)} - memtrace`;
  fill(by('answer'), ...words.map((part) => (typeof part === 'string' ? part : make('button', { type: 'button', class: 'link', onclick: () => app.showFrame(part.id) }, part.full))));
  const end = facts.running ? 'now' : facts.finished ? 'when the program finished' : 'at the end';
  fill(by('cards'), card(facts.processes ? 'Peaks' : 'Peak', size(facts.peak_bytes), facts.processes ? `sum of ${count(facts.processes)} processes` : part(facts) ? 'of the whole run' : facts.peak_time_ns ? `after ${seconds(facts.peak_time_ns)}` : ''), card('Live', size(facts.live_bytes), end),
    facts.finished && facts.live_bytes !== facts.leaked_bytes ? card('Left', size(facts.leaked_bytes), facts.exit?.status === undefined ? 'at the very end' : 'after all destructors') : null,
    card('Allocated', size(facts.allocated_bytes), `in ${count(facts.allocations)} allocations`), card('Released', size(facts.released_bytes), `in ${count(facts.releases)} releases`));
  const notes = by('notes');
  notes.hidden = !facts.notes.length;
  notes.querySelector('summary').textContent = `${facts.notes.length} note${facts.notes.length === 1 ? '' : 's'}: what these figures lack, or can't be sure of`;
  fill(notes.querySelector('ul'), ...facts.notes.map((note) => make('li', {}, visible(note))));
}

/** What is in the page, and what was folded. */
function foot(facts) {
  const { folded } = facts, parts = [`memtrace ${facts.version}, ${facts.diff ? logsOf(facts) : `log ${visible(base(facts.log))}`}.`];
  if (folded.others) parts.push(`${count(folded.nodes - folded.kept)} of ${count(folded.nodes)} nodes were folded into ${count(folded.others)} rows of others, which keep the sums: those below ${(folded.parts_per_billion / 1e7).toPrecision(2)} % of every metric.`);
  else parts.push(`All ${count(folded.nodes)} nodes of the tree of stacks are here.`);
  if (folded.lines_left_out) parts.push(`${count(folded.lines_left_out)} lines were left out.`);
  parts.push(facts.redacted ? 'Arguments, source and home folders were left out.' : `This page has the program's arguments, paths${facts.source === 'none' ? '' : ` and source of ${count(folded.functions_with_source)} functions`}.`);
  if (folded.functions_left_out) parts.push(`The source of ${count(folded.functions_left_out)} functions was left out for want of room.`);
  parts.push('It fetches nothing. Search finds what was not folded.');
  return parts.join(' ');
}
