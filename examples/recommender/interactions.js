// Usage: node interactions.js --data PATH > interactions.csv
//
// The cleaned purchases of a data set as lines `user,item,seconds`, in the order of time: what
// engines_ml_ranking_study reads. The cleaning rules are those of the example.

import { clean } from './prepare/clean.js';
import { Database } from './prepare/database.js';
import { findSource } from './data/source.js';
import { parseOptions } from './options.js';

const options = parseOptions(process.argv.slice(2));
const source = await findSource(options.data, options.seed);
const db = await Database.open();
try {
  await source.open();
  await source.dataset.load(db, source.path);
  await clean(db, source.dataset);
  const { user, item, seconds } = await db.columns(`
    SELECT CAST(user_id AS VARCHAR) AS user, CAST(product_id AS VARCHAR) AS item,
      CAST(epoch(instant) AS BIGINT) AS seconds
    FROM purchases ORDER BY seconds, user, item`);
  process.stdout.write(user.map((_, i) => `${user[i]},${item[i]},${seconds[i]}\n`).join(''));
} finally {
  db.close();
  await source.close();
}
