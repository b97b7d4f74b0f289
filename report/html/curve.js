// SPDX-License-Identifier: MIT
// The curve: live bytes and the resident set over time, with the peak and the program's marks.
import uPlot from 'uplot';
import { isExact, size, seconds, visible } from './text.js';
import { fill, make } from './dom.js';

const HEIGHT = 140, NONE = { show: false };
const of = (value) => (value === null || value === undefined ? 'ended' : size(value));

/** Samples, of which there is one at each instant: if no time has passed, the last one counts. */
function samples(time) {
  const at = [], level = [], high = [], resident = [];
  for (let i = 0; i < time.at.length; i++) {
    const first = !at.length || time.at[i] / 1e6 > at.at(-1), k = first ? at.length : at.length - 1;
    if (first) at.push(time.at[i] / 1e6);
    level[k] = time.level[i];
    high[k] = Math.max(first ? time.level[i] : high[k], time.high[i]);
    resident[k] = time.resident[i] || null;
  }
  return { at, level, high, resident };
}

/** Two runs on one axis: at each instant of either what both had; null after a run's end. */
function both(now, before) {
  const sides = [samples(now), samples(before)], at = [...new Set([...sides[0].at, ...sides[1].at])].sort((a, b) => a - b);
  const [level, old] = sides.map((side) => {
    let k = -1;
    return at.map((time) => {
      while (k + 1 < side.at.length && side.at[k + 1] <= time) k++;
      return k < 0 || time > side.at.at(-1) ? null : side.level[k];
    });
  });
  return { at, level, old, high: level, resident: [] };
}

export class Curve {
  constructor(place, words) {
    Object.assign(this, { place, words, model: null });
    new ResizeObserver(() => this.plot?.setSize({ width: this.#width(), height: HEIGHT })).observe(place);
  }

  #width() { return Math.max(200, this.place.clientWidth); }

  show(model) {
    this.model = model;
    this.plot?.destroy();
    this.plot = null;
    const { facts } = model, { at, level, high, resident, old } = model.diff ? both(model.time, model.oldTime) : samples(model.time);
    Object.assign(this, { at, level, high, old });
    this.marks = [...(facts.marks ?? []), ...(facts.periods ?? [])];
    if (at.length < 2) {
      fill(this.place, make('p', { class: 'empty' }, 'There is no curve: the log has fewer than two samples, as the program moved little memory.'));
      this.#describe();
      return;
    }
    fill(this.place);
    const style = getComputedStyle(this.place), colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--ink'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } };
    this.plot = new uPlot({
      width: this.#width(), height: HEIGHT, legend: { show: false }, scales: { x: { time: false }, y: { range: (u, low, top) => [0, top * 1.1 || 1] } },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
      axes: [{ ...axis, size: 26, values: (u, list) => list.map((v) => `${v} s`) }, { ...axis, size: isExact() ? 116 : 76, space: 24, values: (u, list) => list.map((v) => size(v)), incrs: INCREMENTS }],
      series: [{}, { points: NONE, stroke: colour('--live'), width: 1, fill: colour('--live-fill'), paths: uPlot.paths.stepped({ align: 1 }) },
        ...(old ? [{ points: NONE, stroke: colour('--resident'), width: 1.5, dash: [6, 3], paths: uPlot.paths.stepped({ align: 1 }) }]
          : [{ points: NONE, stroke: colour('--live'), width: 1, dash: [2, 3] }, { points: NONE, stroke: colour('--resident'), width: 1, spanGaps: true }])],
      hooks: { draw: [(u) => this.#flags(u, colour)], setSelect: [(u) => this.#range(u)], setCursor: [(u) => this.#cursor(u)] },
    }, old ? [at, level, old] : [at, level, high, resident], this.place);
    this.#describe();
  }

  #flags(u, colour) {
    const { ctx } = u, { facts } = this.model, ratio = window.devicePixelRatio || 1;
    const flag = (time, text, stroke, y) => {
      const x = Math.round(u.valToPos(time / 1e9, 'x', true));
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
      ctx.strokeStyle = stroke;
      ctx.lineWidth = ratio;
      ctx.beginPath();
      ctx.moveTo(x, u.bbox.top);
      ctx.lineTo(x, u.bbox.top + u.bbox.height);
      ctx.stroke();
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.fillStyle = colour('--ink');
      const right = x + ctx.measureText(text).width + 4 * ratio > u.bbox.left + u.bbox.width;
      ctx.textAlign = right ? 'right' : 'left';
      ctx.fillText(text, x + (right ? -4 : 4) * ratio, u.bbox.top + y * ratio);
    };
    ctx.save();
    this.marks.slice(0, 100).forEach((mark, i) => flag(mark.time_ns, visible(mark.name || 'mark').slice(0, 24), colour('--mark'), 24 + 12 * (i % 6)));
    facts.diff?.sides.forEach((side, k) => { if (side.peak_time_ns) flag(side.peak_time_ns, `▲ ${k ? 'new' : 'old'} peak ${size(side.peak_bytes)}`, colour(k ? '--live' : '--resident'), k ? 10 : 24); });
    if (facts.peak_time_ns) flag(facts.peak_time_ns, `▲ peak ${size(facts.peak_bytes)}`, colour('--peak'), 10);
    ctx.restore();
  }

  #nearest(time) {
    const { at } = this;
    let low = 0, high = at.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (at[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #cursor(u) {
    if (u.cursor.idx === null || u.cursor.idx === undefined || u.select.width) return;
    const i = u.cursor.idx;
    if (this.old) this.words.textContent = `${u.data[0][i].toFixed(3)} s: new ${of(this.level[i])}, old ${of(this.old[i])}`;
    else this.words.textContent = `${u.data[0][i].toFixed(3)} s: live ${size(u.data[1][i])}${u.data[3][i] ? `, resident ${size(u.data[3][i])}` : ''}`;
  }

  #range(u) {
    if (!u.select.width) return;
    const from = u.posToVal(u.select.left, 'x'), to = u.posToVal(u.select.left + u.select.width, 'x');
    if (this.old) return;
    const a = this.level[this.#nearest(from)], b = this.level[this.#nearest(to)];
    this.words.textContent = `${from.toFixed(3)} s to ${to.toFixed(3)} s: live ${size(a)} to ${size(b)}, ${b < a ? '' : '+'}${size(b - a)}`;
  }

  /** What a reader of the screen hears in place of the curve; the table has the numbers. */
  #describe() {
    const { facts, time } = this.model;
    if (facts.diff) {
      const text = facts.diff.sides.map((side, k) => `${k ? 'New' : 'Old'}${side.runs > 1 ? ', first run' : ''}: ${seconds(side.duration_ns)}, peak ${size(side.peak_bytes)}`).join('. ');
      this.place.setAttribute('aria-label', `Live bytes over time of both runs. ${text}.`);
      this.words.textContent = `${text}.`;
      return;
    }
    const resident = time.resident.reduce((a, b) => Math.max(a, b), 0);
    const peak = facts.processes ? `${size(this.high.reduce((a, b) => Math.max(a, b), 0))} at most together` : `peak ${size(facts.peak_bytes)}${facts.peak_time_ns ? ` after ${seconds(facts.peak_time_ns)}` : ''}, ${size(facts.live_bytes)} at the end`;
    const text = `Live bytes over ${seconds(facts.duration_ns)}: ${peak}.${resident ? ` The resident set was ${size(resident)} at most.` : ''}`;
    this.place.setAttribute('aria-label', `${text} ${this.marks.length ? `${this.marks.length} marks.` : ''}`);
    this.words.textContent = text;
  }
}

const INCREMENTS = [];
for (let power = 0; power < 60; power++) INCREMENTS.push(2 ** power);
