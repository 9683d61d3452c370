import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { makeShop } from '../data/shop.js';

const SMALL = { customers: 200, sessions: 6 };
const digest = (shop) => createHash('sha256').update(JSON.stringify(shop)).digest('hex');
const rows = (csv) => csv.trimEnd().split('\n').slice(1).map((line) => line.split(','));

test('the same seed makes the same bytes, another seed others', () => {
  const first = digest(makeShop({ seed: 7, ...SMALL }));
  assert.equal(digest(makeShop({ seed: 7, ...SMALL })), first);
  assert.notEqual(digest(makeShop({ seed: 8, ...SMALL })), first);
});

test('the four tables join, but for what cleaning removes', () => {
  const { tables } = makeShop({ seed: 1, ...SMALL });
  const products = new Set(rows(tables.products).map(([id]) => id));
  const customers = new Set(rows(tables.customers).map(([id]) => id));
  const lines = rows(tables.transactions);
  const joined = lines.filter(([, customer, product]) =>
    customers.has(customer) && products.has(product));
  assert.equal(products.size, 600);
  assert.ok(joined.length > 0.85 * lines.length && joined.length < lines.length);
  for (const [customer, product] of rows(tables.browsing)) {
    assert.ok(customers.has(customer) && products.has(product));
  }
  assert.equal(new Set(rows(tables.products).map(([, name]) => name)).size, 600);
});

test('customers buy what the ground truth says they like', () => {
  const { tables, truth } = makeShop({ seed: 1, ...SMALL });
  const customer = new Map(truth.users.map((id, i) => [id, i]));
  const product = new Map(truth.products.map((id, i) => [id, i]));
  let higher = 0;
  let count = 0;
  for (const [, user, item] of rows(tables.transactions)) {
    if (!customer.has(user) || !product.has(item)) continue;
    const appeal = truth.appeal[customer.get(user)];
    const sorted = [...appeal].sort((a, b) => a - b);
    if (appeal[product.get(item)] > sorted[sorted.length >> 1]) higher++;
    count++;
  }
  assert.ok(higher / count > 0.9, `${higher} of ${count}`);
});
