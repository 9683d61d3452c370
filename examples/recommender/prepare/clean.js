// From raw rows to purchases, products, customers and views: the cleaning rules of a data set,
// counted one by one, and only the columns that matter afterwards.

// Returns { before, after, rules: [{name, removed, left}], dropped: [column names] }.
export async function clean(db, dataset) {
  await db.run('CREATE TABLE cleaned AS SELECT * FROM raw');
  const before = await db.value('SELECT count(*) FROM cleaned');
  const rules = [];
  let left = before;
  for (const rule of dataset.rules) {
    await db.run(`DELETE FROM cleaned WHERE ${rule.where}`);
    const now = await db.value('SELECT count(*) FROM cleaned');
    rules.push({ name: rule.name, removed: left - now, left: now });
    left = now;
  }
  await db.run(`CREATE TABLE purchases AS ${dataset.purchases}`);
  await db.run(`CREATE TABLE products AS ${dataset.products}`);
  await db.run(`CREATE TABLE customers AS ${dataset.customers}`);
  await db.run(`CREATE TABLE views AS ${dataset.views ?? 'SELECT NULL::VARCHAR AS user_id, '
    + 'NULL::VARCHAR AS product_id, NULL::TIMESTAMP AS instant WHERE false'}`);
  const used = `${dataset.purchases} ${dataset.products} ${dataset.customers}`;
  const dropped = (await db.columnNames('raw')).filter((name) =>
    !new RegExp(`\\b${name}\\b`).test(used));
  await db.run('DROP TABLE cleaned');
  return { before, after: left, rules, dropped };
}
