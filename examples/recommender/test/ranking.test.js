import assert from 'node:assert/strict';
import { test } from 'node:test';

import { metrics, ndcg, rank, recall } from '../evaluate/ranking.js';

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-12,
  `${actual} is not ${expected}`);

test('ndcg discounts by position and compares with the best possible list', () => {
  near(ndcg([7, 8, 9], new Set([7, 8, 9]), 3), 1);
  near(ndcg([1, 7], new Set([7]), 2), 1 / Math.log2(3));
  near(ndcg([7, 1, 8], new Set([7, 8]), 3), (1 + 0.5) / (1 + 1 / Math.log2(3)));
  near(ndcg([1, 2], new Set([7]), 2), 0);
  near(ndcg([1, 2], new Set(), 2), 0);
});

test('recall counts at most k relevant items and looks at no more than k', () => {
  near(recall([1, 2, 3], new Set([3]), 2), 0);
  near(recall([1, 2, 3], new Set([2, 9]), 2), 0.5);
  near(recall([1, 2], new Set([1, 2, 3, 4, 5]), 2), 1);
  near(recall([1], new Set(), 1), 0);
});

test('rank orders by score, and equals by number', () => {
  assert.deepEqual(rank([4, 9, 2, 7], [0.1, 0.5, 0.1, 0.9]), [7, 9, 2, 4]);
});

test('metrics are means over users', () => {
  const relevant = [new Set([1]), new Set([2])];
  const rankings = [{ user: 0, ranked: [1, 2] }, { user: 1, ranked: [3, 4] }];
  assert.deepEqual(metrics(rankings, (user) => relevant[user]), { 'ndcg@10': 0.5,
    'recall@10': 0.5 });
});
