// Everything between raw files and what the learner and the ranking need.

import { clean } from './clean.js';
import { createMoments, tagsOf, trendByWeek } from './features.js';
import { FeatureSpace } from './space.js';
import { split } from './split.js';

// Returns { db, cleaning, counts, space, trend, moments, now, owned, sold, items, users }:
// now[user] the moment that stands for the cut, owned[user] the items bought before it, sold[user]
// those bought for the first time after it (undefined when none).
export async function prepare(db, dataset) {
  const { testDays, minBuyers, historyLength, trendDays, minTagCount } = dataset.settings;
  const cleaning = await clean(db, dataset);
  const counts = await split(db, { testDays, minBuyers });
  if (counts.train === 0 || counts.test === 0) {
    throw new Error('too little data: nothing left on one side of the cut');
  }
  await createMoments(db, { cut: counts.cut, bought: historyLength, viewed: historyLength });
  const trend = await trendByWeek(db, { cut: counts.cut, days: trendDays, items: counts.items });
  const moments = await readMoments(db);
  const space = new FeatureSpace({
    users: { count: counts.users, tags: await tagsOf(db, 'users', 'user', minTagCount) },
    items: { count: counts.items, tags: await tagsOf(db, 'items', 'item', minTagCount) },
    trend, moments,
  });
  const now = [];
  moments.forEach(({ user, current }, moment) => { if (current) now[user] = moment; });
  return {
    db, cleaning, counts, space, trend, moments, now,
    owned: await itemsByUser(db, 'train_buys', counts.users),
    sold: await itemsByUser(db, 'test_buys', counts.users),
    items: await db.rows('SELECT product_id, name FROM items ORDER BY item'),
    users: (await db.columns('SELECT user_id FROM users ORDER BY user')).user_id,
  };
}

async function readMoments(db) {
  const { user, current, week, bought, viewed } = await db.columns(
    `SELECT user, instant IS NULL AS current, week, bought, viewed FROM moments ORDER BY moment`);
  return user.map((_, i) => ({ user: user[i], current: current[i], week: week[i],
    bought: bought[i], viewed: viewed[i] }));
}

async function itemsByUser(db, table, users) {
  const { user, item } = await db.columns(`SELECT user, item FROM ${table}`);
  const sets = new Array(users);
  user.forEach((u, i) => (sets[u] ??= new Set()).add(item[i]));
  return sets;
}
