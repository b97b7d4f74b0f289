// SPDX-License-Identifier: MIT
// Boxes of the graph: rows of the tree that have the same names from the top on, merged. Made when they are looked at, so that a tree
// of any size costs what is seen of it. Downward a box is rows and all below them; upward it is places on the way out of leaves.

/** What is drawn: which figures, which stacks, by which names, from which function on. */
export class Boxes {
  /** `pivot`: null, or the key of frames to begin at. `taken`: null, or by row whether its own figures count. */
  constructor(model, { metric, byFunction, up, pivot, taken, threads, libraries }) {
    Object.assign(this, { model, byFunction, up, pivot });
    // By frame: it is drawn. What a hidden frame did is its caller's.
    this.shown = Uint8Array.from(model.frames, (f) => (libraries || !f.function || f.function.own ? 1 : 0));
    const counted = (own) => {
      if (!taken && !threads) return own;
      const some = new Float64Array(model.rows);
      let until = 0, inside = !threads;
      for (let i = 0; i < model.rows; i++) {
        if (threads && i >= until && model.level[i] === 1) {
          inside = threads === model.frames[model.frame[i]]?.thread;
          until = model.end[i];
        }
        some[i] = inside && (!taken || taken[i]) ? own[i] : 0;
      }
      return some;
    };
    const whole = !taken && !threads;
    this.own = counted(model.own[metric]);
    this.total = whole ? model.total(metric) : model.sum(this.own);
    if (model.diff) {
      this.sides = ['old', 'new'].map((side) => {
        const own = counted(model.by[side][metric]);
        return { own, total: whole ? model.totalOf(side, metric) : model.sum(own) };
      });
      this.margin = model.margin?.[metric] ?? null;
    }
    this.root = this.#root();
  }

  key(row) {
    const frame = this.model.frame[row];
    if (frame < 0) return -1;
    const f = this.model.frames[frame];
    return this.byFunction && f.function ? f.key : frame;
  }

  #root() {
    const box = { parent: null, depth: 0, frame: -1, root: true, value: this.total[0], rows: [0], key: null };
    if (this.pivot === null) {
      if (this.up) this.#leaves(box);
      return box;
    }
    const { model } = this, rows = [];
    for (let i = 1, inside = 0; i < model.rows; i++) {
      const frame = model.frames[model.frame[i]];
      if (i < inside || !frame || frame.key !== this.pivot || !this.total[i]) continue;
      rows.push(i);
      inside = model.end[i];
      box.frame = model.frame[i];
    }
    box.rows = rows;
    box.value = rows.reduce((sum, row) => sum + this.total[row], 0);
    box.key = this.pivot;
    box.at = rows.map((row) => this.outward(model.parent[row]));
    box.values = rows.map((row) => this.total[row]);
    box.from = rows;
    return box;
  }

  #leaves(box) {
    box.at = [];
    box.values = [];
    box.from = []; // the rows that these are of
    for (let i = 1; i < this.model.rows; i++)
      if (this.own[i]) {
        box.at.push(this.outward(i));
        box.values.push(this.own[i]);
        box.from.push(i);
      }
  }

  /** Its boxes, the heaviest first, others last. */
  children(box) {
    if (box.children) return box.children;
    if (box.others) return box.children = [];
    const found = new Map();
    if (this.up) this.#outward(box, found);
    else this.#inward(box, found);
    return box.children = [...found.values()].sort((a, b) => (a.key === -1) - (b.key === -1) || b.value - a.value);
  }

  #box(parent, found, row) {
    const key = this.key(row);
    let box = found.get(key);
    if (!box) {
      box = { parent, depth: parent.depth + 1, frame: this.model.frame[row], key, value: 0, rows: [], folded: 0, others: key === -1 && !this.up };
      if (this.up) { box.at = []; box.values = []; box.from = []; }
      found.set(key, box);
    }
    if (key === -1) box.folded += this.model.folded[row];
    return box;
  }

  #inward(box, found) {
    for (const row of box.rows)
      this.callees(row, (child) => {
        const to = this.#box(box, found, child);
        to.value += this.total[child];
        to.rows.push(child);
      });
  }

  #outward(box, found) {
    for (let i = 0; i < box.at.length; i++) {
      const row = box.at[i];
      if (!row) continue;
      const to = this.#box(box, found, row);
      to.value += box.values[i];
      to.rows.push(row);
      to.at.push(this.outward(this.model.parent[row]));
      to.values.push(box.values[i]);
      to.from.push(box.from[i]);
    }
  }

  /** What a box was in the old side and is in the new one: [old, new, by how much they differ by chance at most, or null]. */
  pair(box) {
    if (box.pair) return box.pair;
    const add = (rows, list) => rows.reduce((sum, row) => sum + list[row], 0);
    const leaves = this.up && !box.others, rows = leaves ? box.from : box.rows, of = leaves && this.pivot === null ? 'own' : 'total';
    if (box.small) return box.pair = box.members.map((one) => this.pair(one)).reduce((sum, one) => sum.map((value, k) => (one[k] === null ? null : value + one[k])), [0, 0, 0]);
    return box.pair = [...this.sides.map((side) => add(rows, side[of])), this.margin ? add(rows, this.margin) : null];
  }

  drawn(row) {
    const frame = this.model.frame[row];
    return frame < 0 || this.shown[frame] === 1;
  }

  /** The nearest rows inward that are drawn and have figures. */
  callees(row, visit) {
    for (let child = row + 1; child < this.model.end[row]; child = this.#next(child)) if (this.total[child] !== 0 && this.drawn(child)) visit(child);
  }

  /** The row behind one and all that it stands for: below a hidden frame what it calls is looked at in its place. */
  #next(row) {
    return this.total[row] !== 0 && !this.drawn(row) ? row + 1 : this.model.end[row];
  }

  /** The nearest row outward that is drawn; 0: there is none. */
  outward(row) {
    let at = row;
    while (at > 0 && !this.drawn(at)) at = this.model.parent[at];
    return at;
  }
}

/** The boxes on the way to one, outermost first, without the root. */
export function pathOf(box) {
  const path = [];
  for (let at = box; at && !at.root; at = at.parent) path.unshift(at);
  return path;
}
