// SPDX-License-Identifier: MIT
// A table of any length: some sixty rows of it are in the document. Sorted by the buttons in its head.
import { button, copy, fill, make } from './dom.js';
import { cell } from './text.js';

const ROW = 26, MARGIN = 12;

export class Table {
  /** `columns`: {title, help, value(i), text(i), bar, name}; those without `name` are figures. `on(i)`: a row was chosen. */
  constructor({ caption, columns, count, sort = 0, on, empty = 'Nothing.', note = null }) {
    Object.assign(this, { columns, count, on, sort, down: true, filter: null, caption });
    this.body = make('tbody');
    this.head = make('thead');
    this.table = make('table', { 'aria-rowcount': count + 1 }, make('caption', { class: 'aside' }, caption), this.head, this.body);
    this.scroller = make('div', { class: 'rows', tabindex: 0, role: 'region', 'aria-label': caption }, this.table);
    this.status = make('span', { role: 'status' });
    this.element = make('div', { class: 'table' }, make('div', { class: 'tools' }, this.status,
      button('Copy as TSV', () => this.copy(), { title: 'Copy all rows of this table, tab separated' })), note, this.scroller);
    this.empty = empty;
    this.chosen = -1;
    this.scroller.addEventListener('scroll', () => this.soon());
    this.scroller.addEventListener('keydown', (e) => this.#key(e));
    new ResizeObserver(() => this.soon()).observe(this.scroller);
    this.#head();
    this.order();
  }

  #head() {
    fill(this.head, make('tr', { 'aria-rowindex': 1 }, ...this.columns.map((column, k) => make('th', {
      scope: 'col', class: column.name ? 'name' : 'figure', 'aria-sort': k === this.sort ? (this.down ? 'descending' : 'ascending') : 'none',
    }, button(column.title + (k === this.sort ? (this.down ? ' ▼' : ' ▲') : ''), () => this.by(k), { title: column.help ?? `Sort by ${column.title}` })))));
  }

  by(k) {
    this.down = k === this.sort ? !this.down : !this.columns[k].name;
    this.sort = k;
    this.#head();
    this.order();
    this.head.querySelectorAll('button')[k]?.focus();
  }

  /** `filter(i)`: which rows; null: all. */
  filtered(filter) {
    this.filter = filter;
    this.order();
  }

  order() {
    const { value } = this.columns[this.sort], list = [], keys = [];
    for (let i = 0; i < this.count; i++) if (!this.filter || this.filter(i)) list.push(i);
    for (const i of list) keys[i] = value(i);
    const sign = this.down ? -1 : 1;
    list.sort((a, b) => (keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b));
    this.list = list;
    this.most = this.columns.map((column) => (column.bar ? list.reduce((most, i) => Math.max(most, column.value(i)), 0) : 0));
    this.table.setAttribute('aria-rowcount', list.length + 1);
    this.status.textContent = list.length === this.count ? `${list.length.toLocaleString('en')} rows` : `${list.length.toLocaleString('en')} of ${this.count.toLocaleString('en')} rows`;
    this.scroller.scrollTop = 0;
    this.draw();
  }

  soon() {
    this.due ??= requestAnimationFrame(() => { this.due = null; this.draw(); });
  }

  #row(i, place) {
    const row = make('tr', { 'aria-rowindex': place + 2, class: i === this.chosen ? 'chosen' : '' });
    this.columns.forEach((column, k) => {
      const text = column.text ? column.text(i) : column.value(i);
      const item = column.name ? make('th', { scope: 'row', class: 'name', title: text }, this.on ? button(text, () => this.choose(i), { class: 'link' }) : text)
        : make('td', { class: `figure ${column.tint?.(i) ?? ''}` }, text);
      if (column.bar && this.most[k] > 0) {
        const bar = make('i', { class: 'bar', 'aria-hidden': 'true' });
        bar.style.width = `${Math.max(0, 100 * column.value(i) / this.most[k])}%`;
        item.prepend(bar);
      }
      row.append(item);
    });
    if (this.on) row.addEventListener('click', (e) => { if (!e.target.closest('button')) this.choose(i); });
    return row;
  }

  draw() {
    const { list, scroller } = this, height = scroller.clientHeight || 400;
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - MARGIN), last = Math.min(list.length, first + Math.ceil(height / ROW) + 2 * MARGIN);
    const active = this.body.contains(document.activeElement) ? document.activeElement.closest('tr')?.getAttribute('aria-rowindex') : null;
    const space = (rows) => (rows > 0 ? [make('tr', { class: 'space', 'aria-hidden': 'true' }, make('td', { colspan: this.columns.length }))] : []);
    const above = space(first), below = space(list.length - last);
    if (above.length) above[0].firstChild.style.height = `${first * ROW}px`;
    if (below.length) below[0].firstChild.style.height = `${(list.length - last) * ROW}px`;
    const rows = [];
    for (let place = first; place < last; place++) rows.push(this.#row(list[place], place));
    if (!list.length) rows.push(make('tr', {}, make('td', { colspan: this.columns.length, class: 'empty' }, this.empty)));
    fill(this.body, ...above, ...rows, ...below);
    if (active) this.body.querySelector(`tr[aria-rowindex="${active}"] button`)?.focus({ preventScroll: true });
  }

  choose(i) {
    this.chosen = i;
    this.on(i);
    this.draw();
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !this.on || !this.list.length) return;
    event.preventDefault();
    event.stopPropagation();
    const now = this.list.indexOf(this.chosen), next = Math.min(this.list.length - 1, Math.max(0, now + step));
    this.scroller.scrollTop = Math.min(Math.max(this.scroller.scrollTop, (next + 3) * ROW - this.scroller.clientHeight), next * ROW);
    this.choose(this.list[next]);
  }

  async copy() {
    const rows = [this.columns.map((column) => column.title), ...this.list.map((i) => this.columns.map((column) => cell(column.text && column.name ? column.text(i) : (column.plain ?? column.value)(i))))];
    this.status.textContent = (await copy(rows.map((row) => row.join('\t')).join('\n'))) ? `${this.list.length} rows copied` : 'The browser does not let this page copy.';
  }
}
