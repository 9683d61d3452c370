// Who is asked about what: users known before the cut who bought something after it, and for each
// of them every item of the catalogue; where repeats do not count, only what is new to them. The
// model and popularity rank the same candidates.

import { Random } from '../data/random.js';

export function sampleUsers(prepared, count, seed) {
  const known = [...prepared.sold.keys()].filter((user) => prepared.sold[user]?.size > 0);
  return new Random(seed).shuffle(known).slice(0, count);
}

export function candidatesOf(prepared, user) {
  const list = [];
  for (let item = 0; item < prepared.counts.items; item++) {
    if (prepared.repeats || !prepared.owned[user]?.has(item)) list.push(item);
  }
  return list;
}

// Popularity: how many customers took up the item in the days before the cut, which is also what
// the model sees as the trend.
export function popularity(prepared, items) {
  return items.map((item) => prepared.trend[0][item]);
}
