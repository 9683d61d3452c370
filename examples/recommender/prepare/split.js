// Splits by time and numbers users and items. Everything the model is told is older than the cut:
// the catalogue, the users and their histories come from purchases before it.
//
// The last testDays are the test slice, which is scored once; the testDays before them are the
// validation slice, on which settings are chosen: there, the test slice does not exist.

// Creates: train_buys and test_buys (user, item, instant), items (item, product_id, name, tags),
// users (user, user_id, tags), views_indexed (user, item, instant). A buy is the first time that
// this user bought this item; with repeats, the first on each day before the cut, and the first
// after it. Returns { cut, ...row counts }.
export async function split(db, { testDays, minBuyers, repeats }, slice) {
  const back = slice === 'validation' ? 2 * testDays : testDays;
  const cut = await db.value(
    `SELECT CAST(CAST(max(instant) AS DATE) - ${back} + 1 AS VARCHAR) FROM purchases`);
  await db.run(`DELETE FROM purchases WHERE instant >= DATE '${cut}' + ${testDays}`);
  const once = repeats
    ? `, CASE WHEN instant < DATE '${cut}' THEN CAST(instant AS DATE) ELSE DATE '${cut}' END`
    : '';
  const before = `instant < TIMESTAMP '${cut} 00:00:00'`;
  await db.run(`
    CREATE TABLE items AS
      SELECT CAST(row_number() OVER (ORDER BY product_id) - 1 AS INTEGER) AS item, product_id,
        name, tags
      FROM products SEMI JOIN (SELECT product_id FROM purchases WHERE ${before}
        GROUP BY product_id HAVING count(DISTINCT user_id) >= ${minBuyers}) USING (product_id)
      ORDER BY item;
    CREATE TABLE users AS
      SELECT CAST(row_number() OVER (ORDER BY user_id) - 1 AS INTEGER) AS user, user_id, tags
      FROM customers SEMI JOIN (SELECT user_id FROM purchases SEMI JOIN items USING (product_id)
        WHERE ${before}) USING (user_id)
      ORDER BY user;
    CREATE TABLE first_buys AS
      SELECT user, item, min(instant) AS instant FROM purchases
      JOIN users USING (user_id) JOIN items USING (product_id) GROUP BY user, item${once};
    CREATE TABLE train_buys AS SELECT * FROM first_buys WHERE ${before}
      ORDER BY user, instant, item;
    CREATE TABLE test_buys AS SELECT * FROM first_buys WHERE NOT ${before}
      ORDER BY user, instant, item;
    CREATE TABLE views_indexed AS
      SELECT user, item, instant FROM views JOIN users USING (user_id) JOIN items USING (product_id)
      WHERE ${before};
    DROP TABLE first_buys`);
  const count = (table) => db.value(`SELECT count(*) FROM ${table}`);
  return {
    cut,
    products: await count('products'),
    items: await count('items'),
    users: await count('users'),
    train: await count('train_buys'),
    test: await count('test_buys'),
  };
}
