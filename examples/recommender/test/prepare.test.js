import assert from 'node:assert/strict';
import { test } from 'node:test';

import { candidatesOf, popularity, sampleUsers } from '../evaluate/candidates.js';
import { Database } from '../prepare/database.js';
import { HABIT_SIZE, habit } from '../prepare/features.js';
import { prepare } from '../prepare/prepare.js';
import { encodeSamples } from '../prepare/samples.js';

// Two customers, five products, a cut at 2024-03-22: the last ten days of March are the test slice.
const LINES = [
  ['a', 'p1', '2024-03-01 09:00'], ['a', 'p2', '2024-03-05 09:00'], ['a', 'p3', '2024-03-05 09:00'],
  ['a', 'p1', '2024-03-25 09:00'], ['a', 'p4', '2024-03-26 09:00'],
  ['b', 'p1', '2024-03-20 09:00'], ['b', 'p4', '2024-03-21 23:59'], ['b', 'p5', '2024-03-22 00:00'],
  ['b', 'p2', '2024-03-31 12:00'], ['c', 'p1', '2024-03-30 12:00'],
];

const fixture = {
  settings: { testDays: 10, minBuyers: 1, historyLength: 5, trendDays: 7, minTagCount: 1 },
  rules: [],
  purchases: 'SELECT user_id, product_id, instant FROM cleaned',
  products: `SELECT DISTINCT product_id, upper(product_id) AS name, ['all'] AS tags FROM cleaned`,
  customers: `SELECT DISTINCT user_id, ['some'] AS tags FROM cleaned`,
  views: null,
};

async function prepared(work, settings = {}, slice = 'test') {
  const db = await Database.open();
  try {
    const values = LINES.map(([user, item, time]) => `('${user}', '${item}', TIMESTAMP '${time}')`);
    await db.run(`CREATE TABLE raw AS SELECT * FROM (VALUES ${values})
      t(user_id, product_id, instant)`);
    await work(await prepare(db, { ...fixture, settings: { ...fixture.settings, ...settings } },
      slice));
  } finally {
    db.close();
  }
}

test('the slices are apart in time, and what is sold only later is not in the catalogue', () =>
  prepared(async ({ db, counts, items, users }) => {
    assert.equal(counts.cut, '2024-03-22');
    assert.deepEqual(items.map((item) => item.product_id), ['p1', 'p2', 'p3', 'p4']);
    assert.deepEqual(users, ['a', 'b']);
    assert.equal(await db.value(
      "SELECT count(*) FROM train_buys WHERE instant >= TIMESTAMP '2024-03-22'"), 0);
    assert.equal(await db.value(
      "SELECT count(*) FROM test_buys WHERE instant < TIMESTAMP '2024-03-22'"), 0);
    assert.equal(counts.train, 5);
    assert.equal(counts.test, 2);
  }));

test('what was bought before is neither relevant later nor a candidate', () =>
  prepared(async (p) => {
    assert.deepEqual([...p.sold[0]], [3]);
    assert.deepEqual([...p.sold[1]], [1]);
    assert.deepEqual(candidatesOf(p, 0), [3]);
    assert.deepEqual(candidatesOf(p, 1), [1, 2]);
    assert.deepEqual(sampleUsers(p, 10, 1).sort(), [0, 1]);
  }));

test('a history holds earlier days, never the basket itself', () => prepared(async ({ db }) => {
  const moments = await db.rows(
    'SELECT user, CAST(instant AS VARCHAR) AS day, bought FROM moments ORDER BY user, instant');
  const bought = (user, day) => moments.find((m) => m.user === user && m.day === day).bought;
  assert.deepEqual(bought(0, '2024-03-01'), []);
  assert.deepEqual(bought(0, '2024-03-05'), [0]);
  assert.deepEqual(bought(0, null).sort(), [0, 1, 2]);
  assert.deepEqual(bought(1, '2024-03-21'), [0]);
  assert.deepEqual(bought(1, null), [3, 0]);
}));

test('the trend counts buyers of the days before, and popularity is the trend at the cut', () =>
  prepared(async (p) => {
    const scale = (buyers) => Math.fround(Math.log1p(buyers) / 4);
    assert.deepEqual([...p.trend[0]], [scale(1), 0, 0, scale(1)]);
    assert.deepEqual(popularity(p, [3, 1]), [scale(1), 0]);
    assert.deepEqual([...p.trend[2]], [scale(1), scale(1), scale(1), 0]);
  }));

test('samples: a row for a purchase and for each drawn item, repeated by the same seed', () =>
  prepared(async (p) => {
    const first = await encodeSamples(p, 'train', { negatives: 1, seed: 3 });
    const again = await encodeSamples(p, 'train', { negatives: 1, seed: 3 });
    const other = await encodeSamples(p, 'train', { negatives: 1, seed: 4 });
    // a has bought all four items sooner or later, so only b's two purchases have a negative: p3.
    assert.equal(first.rows, 7);
    assert.deepEqual(Buffer.concat(first.parts), Buffer.concat(again.parts));
    assert.notDeepEqual(Buffer.concat(first.parts), Buffer.concat(other.parts));
  }));

test('the validation slice lies before the test slice, which is not there for it', () =>
  prepared(async ({ db, counts, sold }) => {
    assert.equal(counts.cut, '2024-03-22');
    assert.equal(await db.value("SELECT max(instant) < TIMESTAMP '2024-03-27' FROM purchases"),
      true);
    assert.equal(counts.train, 5);
    assert.deepEqual([...sold[0]], [3]);
    assert.equal(sold[1], undefined);
  }, { testDays: 5 }, 'validation'));

test('where repeats count, what was bought before can be bought again and is a candidate', () =>
  prepared(async (p) => {
    assert.deepEqual([...p.sold[0]].sort(), [0, 3]);
    assert.deepEqual(candidatesOf(p, 0), [0, 1, 2, 3]);
    const { rows } = await encodeSamples(p, 'test', { negatives: 2, seed: 1 });
    assert.ok(rows > 3);
  }, { repeats: true }));

test('a habit is how often and how long ago, of earlier days only', () => {
  assert.deepEqual(habit([], 10), []);
  assert.deepEqual(habit([10], 10), []);
  assert.deepEqual(habit([9], 10), [0, 4]);
  assert.deepEqual(habit([1, 2, 3, 30], 30), [2, 6]);
  assert.deepEqual(habit([1, 2, 3, 4, 5, 6], 500), [3, HABIT_SIZE - 1]);
});
