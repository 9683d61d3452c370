import assert from 'node:assert/strict';
import { test } from 'node:test';

import { onlineRetail } from '../data/online_retail.js';
import { simulatedShop } from '../data/simulated_shop.js';
import { clean } from '../prepare/clean.js';
import { Database } from '../prepare/database.js';

async function withDatabase(work) {
  const db = await Database.open();
  try {
    await work(db);
  } finally {
    db.close();
  }
}

const removedBy = ({ rules }) => Object.fromEntries(rules.map(({ name, removed }) =>
  [name.split(' (')[0], removed]));

test('Online Retail: every rule removes its own rows and no others', () => withDatabase(
  async (db) => {
    await db.run(`CREATE TABLE raw AS SELECT * FROM (VALUES
      ('1', '10001', 'RED MUG', 2, TIMESTAMP '2011-01-01 10:00', 2.5, 'A', 'France'),
      ('1', '10001', 'RED MUG', 2, TIMESTAMP '2011-01-01 10:00', 2.5, 'A', 'France'),
      ('1', '10001', 'RED MUG', 2, TIMESTAMP '2011-01-01 10:00', 2.5, NULL, 'France'),
      ('C2', '10001', 'RED MUG', -2, TIMESTAMP '2011-01-02 10:00', 2.5, 'A', 'France'),
      ('3', '10001', 'RED MUG', -1, TIMESTAMP '2011-01-02 10:00', 2.5, 'A', 'France'),
      ('4', '10001', 'RED MUG', 1, TIMESTAMP '2011-01-02 10:00', 0.0, 'A', 'France'),
      ('5', '10001', ' ', 1, TIMESTAMP '2011-01-02 10:00', 1.0, 'A', 'France'),
      ('6', 'POST', 'POSTAGE', 1, TIMESTAMP '2011-01-02 10:00', 9.0, 'A', 'France'),
      ('7', '10002b', 'BLUE MUG', 1, TIMESTAMP '2011-01-03 10:00', 4.0, 'B', 'Spain')
    ) t(InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country)`);
    const report = await clean(db, onlineRetail);
    assert.deepEqual(removedBy(report), {
      'no customer': 1, cancellation: 1, 'return or correction': 1, 'price of zero or less': 1,
      'no description': 1, 'not a product': 1, 'the same line twice': 1,
    });
    assert.equal(report.before, 9);
    assert.equal(report.after, 2);
    assert.deepEqual(report.dropped, ['InvoiceNo']);
    assert.deepEqual(
      await db.rows('SELECT user_id, product_id, quantity FROM purchases ORDER BY 1'),
      [{ user_id: 'A', product_id: '10001', quantity: 2 },
        { user_id: 'B', product_id: '10002B', quantity: 1 }]);
    const [mug] = await db.rows("SELECT name, tags FROM products WHERE product_id = '10001'");
    assert.equal(mug.name, 'RED MUG');
    assert.ok(mug.tags.includes('word:MUG') && mug.tags.includes('word:RED'));
  }));

test('the shop: cancelled, returned, test, unknown and free lines go', () => withDatabase(
  async (db) => {
    await db.run(`CREATE TABLE raw AS SELECT * FROM (VALUES
        ('T1', 'C1', 'P1', 1, 2.0, TIMESTAMP '2024-01-01 10:00', 'completed', 't', NULL),
        ('T2', NULL, 'P1', 1, 2.0, TIMESTAMP '2024-01-01 10:00', 'completed', 't', NULL),
        ('T3', 'C1', 'P1', 1, 2.0, TIMESTAMP '2024-01-01 10:00', 'cancelled', 't', NULL),
        ('T1', 'C1', 'P1', -1, 2.0, TIMESTAMP '2024-01-05 10:00', 'returned', 't', NULL),
        ('T4', 'C1', 'P1', 1, 0.0, TIMESTAMP '2024-01-01 10:00', 'completed', 't', NULL),
        ('T5', 'C1', 'TEST', 1, 2.0, TIMESTAMP '2024-01-01 10:00', 'completed', 't', NULL),
        ('T6', 'C1', 'P9', 1, 2.0, TIMESTAMP '2024-01-01 10:00', 'completed', 't', NULL)
      ) t(transaction_id, customer_id, product_id, quantity, unit_price, bought_at, status, till,
          coupon_code);
      CREATE TABLE raw_products AS SELECT 'P1' AS product_id, 'Mug' AS name, 'Kitchen' AS category,
        'Red' AS style, 8.0 AS list_price;
      CREATE TABLE raw_customers AS SELECT 'C1' AS customer_id, '25-34' AS age,
        'couple' AS household, 'low' AS income, 'north' AS region;
      CREATE TABLE raw_browsing AS SELECT 'C1' AS customer_id, 'P1' AS product_id,
        TIMESTAMP '2024-01-01 09:00' AS viewed_at`);
    const report = await clean(db, simulatedShop);
    assert.equal(report.after, 1);
    assert.deepEqual(Object.values(removedBy(report)), [1, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual(report.dropped, ['transaction_id', 'status', 'till', 'coupon_code']);
    assert.equal(await db.value('SELECT count(*) FROM views'), 1);
  }));
