// SPDX-License-Identifier: MIT
// What memtrace why says, at the top of the page: each sentence with its line, which leads into the page.
import { by, fill, make } from './dom.js';
import { count, visible } from './text.js';

const SHOWN = 3; // the others open

function item(app, { what, act, frame, at }) {
  const name = at === undefined ? null : frame !== null && frame !== undefined ? make('button', { type: 'button', class: 'link', onclick: () => app.showFrame(frame) }, app.model.frames[frame].full) : make('span', {}, visible(at));
  return make('li', {}, make('span', {}, visible(what)), name ? make('span', { class: 'at' }, name) : null, act ? make('span', { class: 'act' }, visible(act)) : null);
}

/** Nothing at all where it says nothing. */
export function advice(app) {
  const { advice: list = [], advice_count: all = 0 } = app.model.facts, place = by('advice');
  place.hidden = !list.length;
  if (!list.length) return;
  const more = list.slice(SHOWN), left = all > list.length ? make('p', { class: 'empty' }, `${count(all - list.length)} more: memtrace why -n 0 shows all.`) : null;
  fill(place, make('h2', { id: 'advice-title' }, 'What could be done'), make('ol', {}, ...list.slice(0, SHOWN).map((one) => item(app, one))),
    more.length ? make('details', {}, make('summary', {}, `${count(more.length)} more`), make('ol', { start: SHOWN + 1 }, ...more.map((one) => item(app, one))), left) : left);
}
