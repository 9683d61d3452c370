// Where each block of the feature vector begins, and the vector of one (moment, item) pair. A
// moment is a user with the history of one day; its half of the vector and the item's are encoded
// once each.

import { fragment } from '../recordio/record.js';
import { HABIT_SIZE, habit } from './features.js';

export class FeatureSpace {
  #weeks;
  #trend;
  #trendKey;
  #contexts;
  #candidates;
  #habits;
  #habitStart;
  #moments;

  // users, items: { count, tags: {lists, size} }; trend: one Float32Array by item for each week;
  // moments: [{ user, day, week, bought, viewed }]; habits: as habitsOf() made them, or undefined.
  constructor({ users, items, trend, moments, habits }) {
    const starts = this.#layOut({ user: users.count, bought: items.count, viewed: items.count,
      userTags: users.tags.size, item: items.count, itemTags: items.tags.size, trend: 1,
      habits: habits ? HABIT_SIZE : 0 });
    this.#weeks = moments.map(({ week }) => week);
    this.#contexts = moments.map(({ user, bought, viewed }) => row([starts.user, [user]],
      [starts.bought, bought], [starts.viewed, viewed],
      [starts.userTags, users.tags.lists[user]]));
    this.#candidates = Array.from({ length: items.count }, (_, item) =>
      row([starts.item, [item]], [starts.itemTags, items.tags.lists[item]]));
    this.#habits = habits;
    this.#habitStart = starts.habits;
    this.#moments = moments;
    this.#trend = trend.map((week) => fragment([], [...week]).values);
    this.#trendKey = fragment([starts.trend], []).keys;
  }

  // The fragments of the pair's vector, ready for RecordWriter.write().
  pair(moment, item) {
    const trend = this.#trend[this.#weeks[moment]].subarray(4 * item, 4 * item + 4);
    const fragments = [this.#contexts[moment], this.#candidates[item],
      { values: trend, keys: this.#trendKey }];
    if (this.#habits) fragments.push(this.#habit(moment, item));
    return fragments;
  }

  #habit(moment, item) {
    const { user, day } = this.#moments[moment];
    const seen = habit(this.#habits[user]?.get(item) ?? [], day);
    return fragment(seen.map((n) => this.#habitStart + n), seen.map(() => 1));
  }

  #layOut(sizes) {
    const starts = {};
    this.dimension = 0;
    for (const [block, size] of Object.entries(sizes)) {
      starts[block] = this.dimension;
      this.dimension += size;
    }
    return starts;
  }
}

// Joins blocks [start, numbers]; each is scaled to length one.
function row(...blocks) {
  const indices = [];
  const values = [];
  for (const [start, numbers] of blocks) {
    const value = 1 / Math.sqrt(numbers.length);
    for (const number of [...numbers].sort((a, b) => a - b)) {
      indices.push(start + number);
      values.push(value);
    }
  }
  return fragment(indices, values);
}
