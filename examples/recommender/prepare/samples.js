// Labelled rows for the learner: every purchase (1), and for each of them items that this user has
// not bought (0; where repeats count: not on that day), drawn evenly from the catalogue.
// Written as recordIO-protobuf.

import { Random } from '../data/random.js';
import { RecordWriter } from '../recordio/record.js';

const PART_BYTES = 16 << 20;
const DRAWS_MAX = 50;

// slice: 'train' (with the user's history as it was on that day) or 'test' (as it was at the cut).
// Returns { rows, parts: [Buffer] }; the rows are shuffled, the same way for the same seed.
export async function encodeSamples(prepared, slice, { negatives, seed }) {
  const buys = await prepared.db.columns(slice === 'train'
    ? `SELECT b.user, item, moment FROM train_buys b JOIN moments m ON m.user = b.user
       AND m.instant = CAST(b.instant AS DATE) ORDER BY b.user, b.instant, item`
    : `SELECT b.user, item, moment FROM test_buys b JOIN moments m ON m.user = b.user
       AND m.instant IS NULL ORDER BY b.user, b.instant, item`);
  const random = new Random(seed);
  const rows = drawRows(buys, prepared, negatives, random);
  const writer = new RecordWriter(prepared.space.dimension, PART_BYTES + (1 << 20));
  const parts = [];
  for (const n of random.shuffle(Uint32Array.from(rows.keys()))) {
    const { moment, item, label } = rows[n];
    writer.write(prepared.space.pair(moment, item), label);
    if (writer.length >= PART_BYTES) parts.push(writer.take());
  }
  if (writer.length > 0) parts.push(writer.take());
  return { rows: rows.length, parts };
}

// A customer who has bought nearly everything gets fewer negatives than asked for.
function drawRows(buys, { counts, owned, sold, repeats }, negatives, random) {
  const rows = [];
  const boughtAt = [];
  buys.moment.forEach((moment, buy) => (boughtAt[moment] ??= new Set()).add(buys.item[buy]));
  const isBuy = (user, moment, item) => (repeats ? boughtAt[moment].has(item)
    : owned[user]?.has(item) || sold[user]?.has(item));
  buys.user.forEach((user, buy) => {
    const moment = buys.moment[buy];
    rows.push({ moment, item: buys.item[buy], label: 1 });
    for (let k = 0; k < negatives; k++) {
      for (let tries = 0; tries < DRAWS_MAX; tries++) {
        const item = random.below(counts.items);
        if (isBuy(user, moment, item)) continue;
        rows.push({ moment, item, label: 0 });
        break;
      }
    }
  });
  return rows;
}
