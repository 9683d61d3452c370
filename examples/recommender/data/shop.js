// A made-up shop whose customers' tastes are known: what a customer buys follows from a latent
// vector, part of which comes with age and household, and from how popular a product is. The same
// seed makes the same bytes. The tables are as dirty as real ones are.

import { AGES, CATEGORIES, HOUSEHOLDS, INCOMES, REGIONS, STYLES } from './shop_names.js';
import { Random } from './random.js';

const TASTES = 8;
const STYLES_PER_KIND = 5;
const DAYS = 365;
const START_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

export const SHOP_DEFAULTS = { seed: 1, customers: 3000, sessions: 12 };

// Returns the tables as CSV text by name, and truth: appeal[customer][product], the log of how
// likely each purchase is, with the ids in the same order.
export function makeShop(options = {}) {
  const { seed, customers: customerCount, sessions } = { ...SHOP_DEFAULTS, ...options };
  const random = new Random(seed);
  const products = makeProducts(random);
  const customers = makeCustomers(random, customerCount);
  const appeal = customers.map((customer) => products.map((product) =>
    1.1 * dot(customer.taste, product.taste) + product.fame));
  const { transactions, browsing } = makeSessions(random, customers, products, appeal, sessions);
  return {
    tables: {
      transactions: csv(['transaction_id', 'customer_id', 'product_id', 'quantity', 'unit_price',
        'bought_at', 'status', 'till', 'coupon_code'], transactions),
      browsing: csv(['customer_id', 'product_id', 'viewed_at', 'device', 'session_id'], browsing),
      products: csv(['product_id', 'name', 'category', 'style', 'list_price', 'shelf'],
        products.map((p) => [p.id, p.name, p.category, p.style, p.price.toFixed(2), p.shelf])),
      customers: csv(['customer_id', 'age', 'household', 'income', 'region', 'newsletter'],
        customers.map((c) => [c.id, c.age, c.household, c.income, c.region, c.newsletter])),
    },
    truth: { users: customers.map((c) => c.id), products: products.map((p) => p.id), appeal },
  };
}

function makeProducts(random) {
  const styleTastes = new Map(STYLES.map((style) => [style, vector(random, 0.45)]));
  const products = [];
  for (const [category, kinds] of Object.entries(CATEGORIES)) {
    const categoryTaste = vector(random, 0.75);
    for (const kind of kinds) {
      for (const style of random.shuffle([...STYLES]).slice(0, STYLES_PER_KIND)) {
        const noise = vector(random, 0.2);
        const number = String(products.length + 1).padStart(4, '0');
        products.push({
          id: `P${number}`, name: `${style} ${kind}`, category, style,
          price: 3 + Math.floor(4 * Math.exp(1 + 0.7 * random.normal())) / 2,
          shelf: `${random.below(40)}-${random.below(9)}`,
          fame: random.uniform() < 0.06 ? -7 : 0.8 * random.normal(),
          taste: categoryTaste.map((x, i) => x + styleTastes.get(style)[i] + noise[i]),
        });
      }
    }
  }
  return products;
}

function makeCustomers(random, count) {
  const ageTastes = AGES.map(() => vector(random, 0.45));
  const householdTastes = HOUSEHOLDS.map(() => vector(random, 0.45));
  return Array.from({ length: count }, (_, n) => {
    const age = random.below(AGES.length);
    const household = random.below(HOUSEHOLDS.length);
    const own = vector(random, 0.75);
    return {
      id: `C${String(n + 1).padStart(5, '0')}`,
      age: AGES[age], household: HOUSEHOLDS[household],
      income: random.pick(INCOMES), region: random.pick(REGIONS),
      newsletter: random.uniform() < 0.4 ? 'yes' : 'no',
      activity: 0.3 + 1.4 * random.uniform(),
      taste: own.map((x, i) => x + ageTastes[age][i] + householdTastes[household][i]),
    };
  });
}

function makeSessions(random, customers, products, appeal, sessions) {
  const transactions = [];
  const browsing = [];
  customers.forEach((customer, c) => {
    const wanted = cumulative(appeal[c], 1);
    const curious = cumulative(appeal[c], 0.7);
    for (let s = Math.round(sessions * customer.activity); s > 0; s--) {
      const start = START_MS + random.below(DAYS) * DAY_MS
        + (8 * 60 + random.below(13 * 60)) * 60_000;
      const basket = draws(random, wanted, 1 + random.below(5));
      const looked = new Set(draws(random, curious, 2 + random.below(4)));
      for (const p of basket) if (random.uniform() < 0.7) looked.add(p);
      const session = `S${browsing.length + 1}`;
      const device = random.pick(['phone', 'laptop', 'tablet']);
      let step = 0;
      for (const p of looked) {
        browsing.push([customer.id, products[p].id, stamp(start + 30_000 * step++), device,
          session]);
      }
      const id = `T${transactions.length + 1}`;
      for (const p of basket) buy(random, transactions, id, customer, products[p], start + 900_000);
    }
  });
  return { transactions, browsing };
}

// Adds one line of a basket, and now and then what goes wrong in a shop's records.
function buy(random, lines, id, customer, product, time) {
  const line = [id, customer.id, product.id, 1 + random.below(3), product.price.toFixed(2),
    stamp(time), 'completed', `till-${random.below(6)}`, ''];
  const chance = random.uniform();
  if (chance < 0.05) line[1] = '';
  else if (chance < 0.07) line[6] = 'cancelled';
  else if (chance < 0.075) line[4] = '0.00';
  else if (chance < 0.08) line[2] = 'TEST';
  else if (chance < 0.083) line[2] = 'P9999';
  lines.push(line);
  if (chance > 0.995) lines.push(line);
  if (chance > 0.97 && chance < 0.99) {
    const returned = [...line];
    returned[3] = -line[3];
    returned[5] = stamp(Math.min(time + (1 + random.below(14)) * DAY_MS,
      START_MS + DAYS * DAY_MS - 1000));
    returned[6] = 'returned';
    lines.push(returned);
  }
}

function vector(random, scale) {
  return Array.from({ length: TASTES }, () => scale * random.normal());
}

function dot(a, b) {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

function cumulative(logs, sharpness) {
  let sum = 0;
  return Float64Array.from(logs, (x) => (sum += Math.exp(sharpness * x)));
}

// Draws `count` different indices with the probabilities that `sums` accumulates.
function draws(random, sums, count) {
  const drawn = new Set();
  for (let tries = 0; drawn.size < count && tries < 8 * count; tries++) {
    const target = random.uniform() * sums.at(-1);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] > target) high = middle;
      else low = middle + 1;
    }
    drawn.add(low);
  }
  return [...drawn];
}

function stamp(time) {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

// No field of ours holds a comma or a quote.
function csv(columns, rows) {
  return `${columns.join(',')}\n${rows.map((row) => row.join(',')).join('\n')}\n`;
}
