// Everything between raw files and what the learner and the ranking need.

import { clean } from './clean.js';
import { createMoments, habitsOf, tagsOf, trendByWeek } from './features.js';
import { FeatureSpace } from './space.js';
import { split } from './split.js';

// Returns { db, cleaning, counts, space, trend, moments, now, owned, sold, repeats, items, users }:
// now[user] the moment that stands for the cut, owned[user] the items bought before it, sold[user]
// those bought after it (undefined when none): where `repeats` is set, also again.
export async function prepare(db, dataset, slice = 'test') {
  const { testDays, minBuyers, historyLength, trendDays, minTagCount } = dataset.settings;
  const repeats = dataset.settings.repeats ?? false;
  const cleaning = await clean(db, dataset);
  const counts = await split(db, { testDays, minBuyers, repeats }, slice);
  if (counts.train === 0 || counts.test === 0) {
    throw new Error('too little data: nothing left on one side of the cut');
  }
  await createMoments(db, { cut: counts.cut, bought: historyLength, viewed: historyLength });
  const trend = await trendByWeek(db, { cut: counts.cut, days: trendDays, items: counts.items });
  const moments = await readMoments(db, counts.cut);
  const space = new FeatureSpace({
    users: { count: counts.users, tags: await tagsOf(db, 'users', 'user', minTagCount) },
    items: { count: counts.items, tags: await tagsOf(db, 'items', 'item', minTagCount) },
    trend, moments, habits: repeats ? await habitsOf(db) : undefined,
  });
  const now = [];
  moments.forEach(({ user, current }, moment) => { if (current) now[user] = moment; });
  return {
    db, cleaning, counts, space, trend, moments, now,
    owned: await itemsByUser(db, 'train_buys', counts.users),
    sold: await itemsByUser(db, 'test_buys', counts.users),
    repeats,
    items: await db.rows('SELECT product_id, name FROM items ORDER BY item'),
    users: (await db.columns('SELECT user_id FROM users ORDER BY user')).user_id,
  };
}

async function readMoments(db, cut) {
  const { user, current, day, week, bought, viewed } = await db.columns(
    `SELECT user, instant IS NULL AS current, CAST(date_diff('day', DATE '1970-01-01',
       coalesce(instant, DATE '${cut}')) AS INTEGER) AS day, week, bought, viewed
     FROM moments ORDER BY moment`);
  return user.map((_, i) => ({ user: user[i], current: current[i], day: day[i], week: week[i],
    bought: bought[i], viewed: viewed[i] }));
}

async function itemsByUser(db, table, users) {
  const { user, item } = await db.columns(`SELECT user, item FROM ${table}`);
  const sets = new Array(users);
  user.forEach((u, i) => (sets[u] ??= new Set()).add(item[i]));
  return sets;
}
