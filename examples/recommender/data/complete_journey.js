// The Complete Journey (84.51°, sample): a year of grocery baskets in 2017, with product details
// and the demographics of some households.

import { quote } from '../prepare/database.js';

export const completeJourney = {
  name: 'complete-journey',
  files: [
    { table: 'transactions', file: 'transactions.csv.gz' },
    { table: 'products', file: 'products.csv.gz' },
    { table: 'demographics', file: 'demographics.csv.gz' },
  ],

  settings: {
    testDays: 60, minBuyers: 20, historyLength: 12, trendDays: 365, minTagCount: 5, repeats: true,
    negatives: 5, epochs: 4, factors: 8, linearLr: 0.02, factorsLr: 0.001,
  },

  async load(db, path) {
    await db.run(`CREATE TABLE raw AS SELECT * FROM read_csv(${quote(path('transactions'))})`);
    await db.run(`CREATE TABLE raw_products AS SELECT * REPLACE (CAST(product_id AS BIGINT) AS
      product_id) FROM read_csv(${quote(path('products'))}, nullstr = 'NA')`);
    await db.run(`CREATE TABLE raw_demographics AS SELECT * FROM
      read_csv(${quote(path('demographics'))}, nullstr = 'NA', all_varchar = true)`);
  },

  rules: [
    { name: 'no customer', where: 'household_id IS NULL' },
    { name: 'return or correction (quantity <= 0)', where: 'quantity <= 0' },
    { name: 'price of zero or less', where: 'sales_value <= 0' },
    {
      name: 'product without details',
      where: `product_id NOT IN (SELECT product_id FROM raw_products
        WHERE product_type IS NOT NULL AND department IS NOT NULL)`,
    },
    {
      name: 'not a product (coupons, fuel, store supplies)',
      where: `product_id IN (SELECT product_id FROM raw_products
        WHERE department IN ('FUEL', 'COUPON', 'MISCELLANEOUS', 'CNTRL/STORE SUP'))`,
    },
    {
      name: 'the same line twice',
      where: `rowid NOT IN (SELECT min(rowid) FROM cleaned GROUP BY
        basket_id, product_id, quantity, sales_value, transaction_timestamp)`,
    },
  ],

  purchases: `SELECT CAST(household_id AS VARCHAR) AS user_id,
    CAST(product_id AS VARCHAR) AS product_id, transaction_timestamp AS instant, quantity,
    sales_value / quantity AS price FROM cleaned`,

  products: `SELECT CAST(product_id AS VARCHAR) AS product_id,
      concat_ws(' ', product_type, '(' || brand || coalesce(', ' || package_size, '') || ')')
        AS name,
      list_filter(['department:' || department, 'category:' || product_category,
        'type:' || product_type, 'brand:' || brand, 'maker:' || manufacturer_id],
        lambda t: t IS NOT NULL) AS tags
    FROM raw_products WHERE product_id IN (SELECT product_id FROM cleaned)`,

  customers: `SELECT CAST(c.household_id AS VARCHAR) AS user_id,
      list_filter(['age:' || d.age, 'income:' || d.income, 'home:' || d.home_ownership,
        'household:' || d.household_comp], lambda t: t IS NOT NULL) AS tags
    FROM (SELECT DISTINCT household_id FROM cleaned) c
    LEFT JOIN raw_demographics d ON d.household_id = CAST(c.household_id AS VARCHAR)`,

  views: null,
};
