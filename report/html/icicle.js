// SPDX-License-Identifier: MIT
// The graph: a canvas as high as what one sees of it, in a box that scrolls. The heaviest stand left; what is narrower than a pixel is one
// hatched box of others at the right of its parent.
import { changeOf, colourOf, wordsOf, signed } from './change.js';
import { figure, share } from './text.js';

const ROW = 20, TEXT_LEAST = 30;

function hue(text) {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) >>> 0;
  return h % 360;
}

/** What colours stand for: by module or file, by language, by whose code it is. */
export const COLOURS = {
  module: (f) => `hsl(${hue(f.file || f.module || '?')} ${f.own ? 70 : 28}% ${f.own ? 74 : 84}%)`,
  language: (f) => ({ Python: 'hsl(48 85% 72%)', 'C++': 'hsl(205 60% 80%)', Rust: 'hsl(20 70% 80%)' }[f.language] ?? 'hsl(205 18% 84%)'),
  owner: (f) => (f.own ? 'hsl(150 45% 72%)' : 'hsl(220 14% 86%)'),
};

export class Icicle {
  /** `on`: select(box), zoom(box), hover(box or null). */
  constructor(scroller, canvas, spacer, on) {
    Object.assign(this, { scroller, canvas, spacer, on, levels: [], selected: null, zoomed: null, colour: COLOURS.module, found: null });
    scroller.addEventListener('scroll', () => this.soon());
    canvas.addEventListener('mousemove', (e) => this.#hover(this.at(e)));
    canvas.addEventListener('mouseleave', () => this.#hover(null));
    canvas.addEventListener('click', (e) => {
      const box = this.at(e);
      if (!box) return;
      if (box === this.selected) on.zoom(box);
      else on.select(box);
    });
    canvas.addEventListener('dblclick', (e) => { if (this.at(e)) on.zoom(this.at(e)); });
    new ResizeObserver(() => this.#layout()).observe(scroller);
  }

  show(boxes, metric, zoomed) {
    Object.assign(this, { boxes, metric, zoomed: zoomed ?? boxes.root });
    this.#layout();
  }

  #layout() {
    if (!this.boxes) return;
    const width = this.scroller.clientWidth;
    this.levels = [];
    this.width = width;
    const place = (box, x, w) => {
      box.x = x;
      box.w = w;
      (this.levels[box.depth - this.zoomed.depth] ??= []).push(box);
    };
    place(this.zoomed, 0, width);
    for (let level = 0; level < this.levels.length; level++)
      for (const box of this.levels[level]) if (!box.small && box.w >= 1) this.#children(box, place);
    // As high as it needs to be; the canvas stays in sight while the spacer scrolls.
    const most = Math.max(240, Math.min(0.46 * innerHeight, 560)), height = Math.min(most, Math.max(160, this.levels.length * ROW + 2));
    this.scroller.style.height = `${height}px`;
    this.spacer.style.marginTop = `${2 - height}px`;
    this.spacer.style.height = `${this.levels.length * ROW}px`;
    this.soon();
  }

  #children(box, place) {
    if (!(box.value > 0)) return;
    let x = box.x, small = 0, left = 0, folded = 0;
    const members = [];
    const scale = box.w / box.value;
    for (const child of this.boxes.children(box)) {
      const w = child.value * scale;
      if (w >= 1 && !child.others) {
        place(child, x, w);
        x += w;
      } else if (child.value > 0) {
        small += child.value;
        members.push(child);
        left += child.others ? 0 : 1;
        folded += child.folded;
      }
    }
    if (small * scale >= 1)
      place({ parent: box, depth: box.depth + 1, frame: -1, small: true, value: small, rows: [], members, count: left, folded, key: -1 }, x, small * scale);
  }

  /** Of two sides: what has become of a box. */
  change(box) {
    return box.change ??= changeOf(this.boxes.pair(box), this.boxes.pair(this.boxes.root), this.boxes.model);
  }

  soon() {
    this.due ??= requestAnimationFrame(() => { this.due = null; this.draw(); });
  }

  label(box) {
    if (box.root && this.boxes.pivot === null) return 'all';
    if (box.small) return `${box.count + box.folded} others`;
    return box.frame < 0 ? 'others' : this.boxes.byFunction ? this.boxes.model.frames[box.frame].key.replace('\n', '  ') : this.boxes.model.frames[box.frame].label;
  }

  draw() {
    const { canvas, scroller } = this, ratio = window.devicePixelRatio || 1;
    const width = scroller.clientWidth, height = scroller.clientHeight, top = scroller.scrollTop;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const c = canvas.getContext('2d'), style = getComputedStyle(scroller);
    this.paper = style.getPropertyValue('--paper').trim();
    this.ink = style.getPropertyValue('--ink').trim();
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    c.font = '12px system-ui, sans-serif';
    c.textBaseline = 'middle';
    for (let level = Math.floor(top / ROW); level < this.levels.length && level * ROW < top + height; level++)
      for (const box of this.levels[level]) this.#box(c, box, level * ROW - top);
  }

  /** Of what is gone: stripes over the colour. */
  #stripes(c, x, y, w) {
    if (!this.striped) {
      const tile = document.createElement('canvas');
      tile.width = tile.height = 8;
      const t = tile.getContext('2d');
      t.strokeStyle = '#ffffffb0';
      t.lineWidth = 2;
      for (const at of [0, 8]) {
        t.beginPath();
        t.moveTo(at - 8, 8);
        t.lineTo(at, 0);
        t.lineTo(at + 8, -8);
        t.stroke();
      }
      this.striped = c.createPattern(tile, 'repeat');
    }
    c.fillStyle = this.striped;
    c.fillRect(x, y, w, ROW - 1);
  }

  #hatch(c) {
    if (!this.pattern) {
      const tile = document.createElement('canvas');
      tile.width = tile.height = 6;
      const t = tile.getContext('2d');
      t.fillStyle = '#d9d9d9';
      t.fillRect(0, 0, 6, 6);
      t.strokeStyle = '#8c8c8c';
      t.beginPath();
      t.moveTo(-1, 7);
      t.lineTo(7, -1);
      t.stroke();
      this.pattern = c.createPattern(tile, 'repeat');
    }
    return this.pattern;
  }

  #box(c, box, y) {
    const f = box.frame >= 0 ? this.boxes.model.frames[box.frame] : null, w = Math.max(box.w - 0.5, 0.5);
    const marked = this.found && f && this.found[box.frame];
    c.globalAlpha = this.found && !marked && f ? 0.35 : 1;
    const change = this.boxes.model.diff ? this.change(box) : null;
    c.fillStyle = box.small ? this.#hatch(c) : change ? colourOf(change) : f?.function ? this.colour(f.function) : '#cfd4da';
    c.fillRect(box.x, y, w, ROW - 1);
    if (change?.kind === 'gone' && !box.small) this.#stripes(c, box.x, y, w);
    c.globalAlpha = 1;
    if (marked) {
      c.strokeStyle = '#b3009e';
      c.lineWidth = 2;
      c.strokeRect(box.x + 1, y + 1, Math.max(w - 2, 0.5), ROW - 3);
    }
    if (box === this.selected || (this.selected && !box.root && box.key === this.selected.key && box.key !== -1 && box.depth === this.selected.depth && box.parent === this.selected.parent)) {
      c.strokeStyle = this.ink;
      c.lineWidth = 2.5;
      c.strokeRect(box.x + 1, y + 1, Math.max(w - 2, 0.5), ROW - 3);
    }
    if (box.w < TEXT_LEAST) return;
    c.save();
    c.beginPath();
    c.rect(box.x, y, w - 2, ROW);
    c.clip();
    c.fillStyle = this.found && !marked && f ? this.ink : '#000';
    const text = (change?.shown ? `${change.kind === 'new' || change.kind === 'gone' ? `${change.kind} ` : ''}${signed(this.metric, change.change)}  ` : '') + this.label(box);
    if (box.small || change?.kind === 'gone') {
      c.fillStyle = '#fff';
      c.globalAlpha = 0.75;
      c.fillRect(box.x + 2, y + 2, Math.min(c.measureText(text).width + 4, w - 4), ROW - 5);
      c.globalAlpha = 1;
      c.fillStyle = '#000';
    }
    c.fillText(text, box.x + 4, y + ROW / 2);
    c.restore();
  }

  at(event) {
    const rect = this.canvas.getBoundingClientRect(), x = event.clientX - rect.left;
    const level = this.levels[Math.floor((event.clientY - rect.top + this.scroller.scrollTop) / ROW)];
    if (!level) return null;
    let low = 0, high = level.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (level[middle].x <= x) low = middle;
      else high = middle - 1;
    }
    return level[low] && x >= level[low].x && x < level[low].x + level[low].w ? level[low] : null;
  }

  #hover(box) {
    if (box === this.hovered) return;
    this.hovered = box;
    this.canvas.style.cursor = box ? 'pointer' : 'default';
    this.on.hover(box);
  }

  /** A sentence about a box. */
  words(box) {
    const value = figure(this.metric, box.value), whole = this.boxes.root.value, name = box.frame >= 0 ? this.boxes.model.frames[box.frame].full : this.label(box);
    if (this.boxes.model.diff) return `${name}: ${wordsOf(this.metric, this.change(box))}`;
    const zoom = this.zoomed.root ? '' : `, ${share(box.value, this.zoomed.value)} of the zoom`;
    return `${name}: ${value}, ${share(box.value, whole)} of all${zoom}`;
  }

  /** Bring a box into sight. */
  reveal(box) {
    const y = (box.depth - this.zoomed.depth) * ROW, { scroller } = this;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = y + ROW - scroller.clientHeight;
    this.soon();
  }

  /** The box beside another one: 'up', 'down', 'left', 'right'; itself where there is none. */
  beside(box, way) {
    const level = this.levels[box.depth - this.zoomed.depth] ?? [], i = level.indexOf(box);
    if (way === 'up') return box === this.zoomed ? box : box.parent;
    if (way === 'down') return (this.levels[box.depth + 1 - this.zoomed.depth] ?? []).find((b) => b.parent === box) ?? box;
    return (i < 0 ? null : level[i + (way === 'left' ? -1 : 1)]) ?? box;
  }
}
