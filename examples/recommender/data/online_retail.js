// Online Retail (UCI, 2015): every transaction of a UK gift shop, December 2010 to December 2011.
// One table; product names and countries are columns of it.

import { quote } from '../prepare/database.js';

export const onlineRetail = {
  name: 'online-retail',
  files: [{ table: 'transactions', file: 'online_retail.parquet' }],

  settings: {
    testDays: 30, minBuyers: 10, historyLength: 12, trendDays: 14, minTagCount: 5,
    negatives: 4, epochs: 3, factors: 16, linearLr: 0.01, factorsLr: 0.002,
  },

  async load(db, path) {
    await db.run(`CREATE TABLE raw AS SELECT * FROM read_parquet(${quote(path('transactions'))})`);
  },

  rules: [
    { name: 'no customer', where: 'CustomerID IS NULL' },
    { name: 'cancellation', where: "InvoiceNo LIKE 'C%'" },
    { name: 'return or correction (quantity <= 0)', where: 'Quantity <= 0' },
    { name: 'price of zero or less', where: 'UnitPrice <= 0' },
    { name: 'no description', where: "Description IS NULL OR trim(Description) = ''" },
    {
      name: 'not a product (postage, fees, manual and test entries)',
      where: "NOT regexp_matches(StockCode, '^([0-9]{5}[A-Za-z]*|DCGS.*)$')",
    },
    {
      name: 'the same line twice',
      where: `rowid NOT IN (SELECT min(rowid) FROM cleaned GROUP BY
        InvoiceNo, StockCode, Quantity, UnitPrice, CustomerID, InvoiceDate)`,
    },
  ],

  purchases: `SELECT CustomerID AS user_id, upper(StockCode) AS product_id, InvoiceDate AS instant,
    Quantity AS quantity, UnitPrice AS price FROM cleaned`,

  // Words that name a range of products ("RETROSPOT", "DOLLY GIRL") and the price band.
  products: `SELECT product_id, name,
      list_distinct(list_concat(
        ['price:' || CAST(floor(2 * log2(greatest(price, 0.1))) AS INTEGER)],
        list_transform(list_filter(string_split_regex(upper(name), '[^A-Z]+'),
          lambda w: length(w) > 2), lambda w: 'word:' || w))) AS tags
    FROM (SELECT upper(StockCode) AS product_id, median(UnitPrice) AS price,
            mode(trim(Description) ORDER BY trim(Description)) AS name
          FROM cleaned GROUP BY 1)`,

  customers: `SELECT CustomerID AS user_id, ['country:' || mode(Country ORDER BY Country)] AS tags
    FROM cleaned GROUP BY 1`,

  views: null,
};
