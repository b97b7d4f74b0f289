// SPDX-License-Identifier: MIT
// Keys. Letters act outside of fields only; "?" lists all of them.
import { by, button, fill, make } from './dom.js';

const LIST = [
  ['/', 'search: text, /regex/ or /regex/i, file: mod: fn: line: thread:, - negates, a blank means and'], ['Enter', 'in the search: show only stacks that match; in the graph: zoom'],
  ['n N', 'next and previous match'], ['Esc', 'leave the search, or unzoom by one'], ['Backspace', 'back'],
  ['arrows, h j k l', 'in the graph: to the caller, the callees, beside'], ['z', 'zoom to the chosen box'], ['0', 'show everything'], ['i', 'inverted: what allocates on top'],
  ['p', 'pivot: what this function calls, wherever it is called'], ['f', 'focus: only stacks through this function'], ['x', 'drop: only stacks without it'],
  ['m', 'next metric'], ['g', 'a box for each function, or for each line'], ['r', "libraries' and the interpreter's frames too"], ['s', 'source of the chosen box'], ['y', 'copy the stack'],
  ['1 to 9', 'tabs'], ['b', 'exact bytes'], ['d', 'dark or light'], ['?', 'this list'],
];

export function help() {
  const dialog = by('help');
  fill(dialog, make('h2', {}, 'Keys'), make('dl', {}, ...LIST.flatMap(([key, text]) => [make('dt', {}, key), make('dd', {}, text)])),
    make('p', {}, 'A box is as wide as what was allocated in it and below it. Click shows its figures, a second click zooms. Hatched boxes are others, too small to draw; they keep the sums.'),
    button('Close', () => dialog.close()));
  dialog.showModal();
}

const editable = (element) => element.closest('input, select, textarea, dialog');

/** The next box that matches, in the order in which one reads. */
function nextMatch(app, step) {
  const { icicle, found } = app;
  if (!found) return;
  const all = icicle.levels.flat().filter((box) => box.frame >= 0 && found[box.frame]);
  if (!all.length) return app.say('No box that can be seen matches.');
  const i = all.indexOf(icicle.selected);
  app.select(all[i < 0 ? (step > 0 ? 0 : all.length - 1) : (i + step + all.length) % all.length]);
}

function walk(app, way) {
  const { icicle } = app, from = icicle.selected && icicle.levels.some((level) => level.includes(icicle.selected)) ? icicle.selected : null;
  app.select(from ? icicle.beside(from, way) : icicle.zoomed);
}

const WAYS = { ArrowUp: 'up', k: 'up', ArrowDown: 'down', j: 'down', ArrowLeft: 'left', h: 'left', ArrowRight: 'right', l: 'right' };

function escape(app) {
  const { zoomed } = app.icicle;
  if (app.state.q) app.set({ q: '' });
  else if (zoomed.parent) app.zoom(zoomed.parent);
}

function withFrame(app, act) {
  const box = app.icicle.selected, frame = box && box.frame >= 0 ? app.model.frames[box.frame] : null;
  if (frame?.function) act(frame, box);
  else app.say('Choose a box first.');
}

const ACTS = {
  '/': () => { by('search').focus(); by('search').select(); },
  '?': () => help(),
  n: (app) => nextMatch(app, 1), N: (app) => nextMatch(app, -1),
  Escape: escape, Backspace: () => history.back(),
  z: (app) => withFrame(app, (frame, box) => app.zoom(box)), 0: (app) => app.everything(),
  i: (app) => app.set({ up: !app.state.up, at: '' }), g: (app) => app.set({ byFunction: !app.state.byFunction, at: '' }),
  r: (app) => app.set({ libraries: !app.state.libraries }),
  p: (app) => withFrame(app, (frame) => app.pivot(frame.key)), f: (app) => withFrame(app, (frame) => app.focus(frame)), x: (app) => withFrame(app, (frame) => app.drop(frame)),
  m: (app) => { const list = app.model.metrics, i = list.findIndex((metric) => metric.name === app.state.metric); app.set({ metric: list[(i + 1) % list.length].name }); },
  s: (app) => withFrame(app, (frame) => app.showSource(frame.function.id, frame.line)), y: (app) => app.copyStack(), b: (app) => app.exact(), d: (app) => app.theme(),
};

export function keys(app) {
  by('search').addEventListener('keydown', (e) => {
    if (e.key === 'Enter') app.set({ filter: app.state.q.trim(), at: '' });
    else if (e.key === 'Escape') { app.set({ q: '' }, true); by('scroller').focus(); } else return;
    e.preventDefault();
  });
  by('tabs').addEventListener('keydown', (e) => {
    const tabs = [...by('tabs').children], i = tabs.indexOf(document.activeElement), step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (i < 0 || !step) return;
    tabs[(i + step + tabs.length) % tabs.length].click();
    e.preventDefault();
  });
  by('scroller').addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (WAYS[e.key]) walk(app, WAYS[e.key]);
    else if (e.key === 'Enter' && app.icicle.selected) app.zoom(app.icicle.selected);
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || editable(e.target)) return;
    const tab = /^[1-9]$/.test(e.key) ? by('tabs').children[e.key - 1] : null;
    if (tab) tab.click();
    else if (ACTS[e.key] && !(e.key === 'Backspace' && history.length < 2)) ACTS[e.key](app);
    else return;
    e.preventDefault();
  });
}
