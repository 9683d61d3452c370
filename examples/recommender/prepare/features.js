// What the model sees of a (user, item) pair, as blocks of a one-hot vector:
//   user | recently bought items | recently viewed items | user tags | item | item tags | trend
//   | how often and how long ago this user has bought this item (where repeats count)
// The recent blocks are multi-hot, scaled to length one. They and the trend hold only what is older
// than the day of the purchase in question, so a basket never explains itself.

const TREND_SCALE = 4;

// What a user's habit says of an item: buckets of how many earlier days saw a purchase of it, and
// of how many days the last one is ago. Nothing where there was none.
const OFTEN = [1, 2, 3, 5];
const AGO_DAYS = [0, 8, 15, 29, 57, 113];
export const HABIT_SIZE = OFTEN.length + AGO_DAYS.length;

// days: ascending; only those before `day` count.
export function habit(days, day) {
  let count = 0;
  while (count < days.length && days[count] < day) count++;
  if (count === 0) return [];
  return [bucket(OFTEN, count), OFTEN.length + bucket(AGO_DAYS, day - days[count - 1])];
}

function bucket(starts, value) {
  return starts.findLastIndex((start) => start <= value);
}

// For each user, from an item to the days on which it was bought before the cut.
export async function habitsOf(db) {
  const { user, item, day } = await db.columns(`SELECT user, item, CAST(date_diff('day',
    DATE '1970-01-01', CAST(instant AS DATE)) AS INTEGER) AS day
    FROM train_buys ORDER BY user, item, instant`);
  const habits = [];
  user.forEach((u, i) => {
    const items = habits[u] ??= new Map();
    if (!items.has(item[i])) items.set(item[i], []);
    items.get(item[i]).push(day[i]);
  });
  return habits;
}

// Creates moments (moment, user, instant, week, bought, viewed): one row for every day with a first
// purchase in the training slice, and one with instant = NULL that stands for the cut. The week
// counts back from the cut and names the newest row of the trend that ends by then.
export async function createMoments(db, { cut, bought, viewed }) {
  const recent = (table, limit) => `
    (SELECT m.user, m.instant, list(r.item ORDER BY r.n DESC) AS list
     FROM (SELECT m.user, m.instant, max(r.n) AS newest FROM days m
           JOIN ${table} r ON r.user = m.user AND r.instant < coalesce(m.instant, DATE '${cut}')
           GROUP BY m.user, m.instant) m
     JOIN ${table} r ON r.user = m.user AND r.n > m.newest - ${limit} AND r.n <= m.newest
     GROUP BY m.user, m.instant)`;
  await db.run(`
    CREATE TABLE days AS
      SELECT DISTINCT user, CAST(instant AS DATE) AS instant FROM train_buys
      UNION ALL SELECT user, NULL FROM users;
    CREATE TABLE bought AS
      SELECT *, row_number() OVER (PARTITION BY user ORDER BY instant, hash(user, item)) AS n
      FROM train_buys;
    CREATE TABLE viewed AS
      SELECT *, row_number() OVER (PARTITION BY user ORDER BY instant, hash(user, item)) AS n
      FROM (SELECT user, item, max(instant) AS instant FROM views_indexed
            GROUP BY user, item, CAST(instant AS DATE));
    CREATE TABLE moments AS
      SELECT CAST(row_number() OVER (ORDER BY d.user, d.instant) - 1 AS INTEGER) AS moment,
        d.user, d.instant,
        CAST(coalesce(ceil(date_diff('day', d.instant, DATE '${cut}') / 7.0), 0) AS INTEGER)
          AS week,
        coalesce(b.list, []) AS bought, coalesce(v.list, []) AS viewed
      FROM days d
      LEFT JOIN ${recent('bought', bought)} b
        ON b.user = d.user AND b.instant IS NOT DISTINCT FROM d.instant
      LEFT JOIN ${recent('viewed', viewed)} v
        ON v.user = d.user AND v.instant IS NOT DISTINCT FROM d.instant
      ORDER BY moment;
    DROP TABLE days; DROP TABLE bought; DROP TABLE viewed`);
}

// How many customers took up each item in the `days` before the cut, before a week earlier, and so
// on: one array by item for each week, as the logarithm scaled to about one.
export async function trendByWeek(db, { cut, days, items }) {
  const weeks = await db.value('SELECT max(week) FROM moments') + 1;
  const { week, item, buyers } = await db.columns(`
    SELECT week, item, count(*) AS buyers
    FROM (SELECT CAST(unnest(range(0, ${weeks})) AS INTEGER) AS week) w
    JOIN train_buys ON instant < DATE '${cut}' - 7 * week
      AND instant >= DATE '${cut}' - 7 * week - ${days}
    GROUP BY week, item`);
  const trend = Array.from({ length: weeks }, () => new Float32Array(items));
  week.forEach((w, i) => { trend[w][item[i]] = Math.log1p(buyers[i]) / TREND_SCALE; });
  return trend;
}

// Numbers the tags that at least `minCount` users (or items) share; rarer ones say nothing.
export async function tagsOf(db, table, key, minCount) {
  const { key: owners, list } = await db.columns(`
    WITH one AS (SELECT ${key} AS key, unnest(tags) AS tag FROM ${table}),
    kept AS (SELECT tag, CAST(row_number() OVER (ORDER BY tag) - 1 AS INTEGER) AS number
             FROM one GROUP BY tag HAVING count(*) >= ${minCount})
    SELECT ${table}.${key} AS key, list(number ORDER BY number) FILTER (number IS NOT NULL) AS list
    FROM ${table} LEFT JOIN one ON one.key = ${table}.${key} LEFT JOIN kept USING (tag)
    GROUP BY 1 ORDER BY 1`);
  const lists = owners.map((_, i) => list[i] ?? []);
  const size = lists.reduce((most, numbers) => Math.max(most, ...numbers, -1), -1) + 1;
  return { lists, size };
}
