// The four joined tables that shop.js makes: transactions, browsing, products, customers.

import { quote } from '../prepare/database.js';

export const simulatedShop = {
  name: 'simulated-shop',
  files: ['transactions', 'browsing', 'products', 'customers'].map((table) =>
    ({ table, file: `${table}.csv` })),

  settings: {
    testDays: 30, minBuyers: 10, historyLength: 12, trendDays: 90, minTagCount: 5,
    negatives: 3, epochs: 4, factors: 16, linearLr: 0.01, factorsLr: 0.005,
  },

  async load(db, path) {
    const read = (table) => `SELECT * FROM read_csv(${quote(path(table))}, header = true)`;
    await db.run(`CREATE TABLE raw AS ${read('transactions')}`);
    await db.run(`CREATE TABLE raw_browsing AS ${read('browsing')}`);
    await db.run(`CREATE TABLE raw_products AS ${read('products')}`);
    await db.run(`CREATE TABLE raw_customers AS ${read('customers')}`);
  },

  rules: [
    { name: 'no customer', where: "customer_id IS NULL OR customer_id = ''" },
    { name: 'cancellation', where: "status = 'cancelled'" },
    { name: 'return (quantity <= 0)', where: 'quantity <= 0' },
    { name: 'price of zero or less', where: 'unit_price <= 0' },
    { name: 'test entry', where: "product_id = 'TEST'" },
    {
      name: 'unknown product or customer',
      where: `product_id NOT IN (SELECT product_id FROM raw_products)
        OR customer_id NOT IN (SELECT customer_id FROM raw_customers)`,
    },
    {
      name: 'the same line twice',
      where: `rowid NOT IN (SELECT min(rowid) FROM cleaned GROUP BY
        transaction_id, product_id, quantity, bought_at)`,
    },
  ],

  purchases: `SELECT customer_id AS user_id, product_id, bought_at AS instant, quantity,
    unit_price AS price FROM cleaned`,

  products: `SELECT product_id, name,
      ['category:' || category, 'style:' || style,
       'price:' || CAST(floor(log2(list_price)) AS INTEGER)] AS tags
    FROM raw_products`,

  customers: `SELECT customer_id AS user_id,
      ['age:' || age, 'household:' || household, 'income:' || income, 'region:' || region] AS tags
    FROM raw_customers`,

  views: `SELECT customer_id AS user_id, product_id, viewed_at AS instant FROM raw_browsing`,
};
