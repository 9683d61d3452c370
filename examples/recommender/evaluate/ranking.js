// How good a ranked list is, measured by what the user bought later. All candidates are ranked.

// Normalised discounted cumulative gain of the first k of `ranked`, 0 to 1.
export function ndcg(ranked, relevant, k) {
  let gain = 0;
  let ideal = 0;
  for (let i = 0; i < k; i++) {
    const worth = 1 / Math.log2(i + 2);
    if (relevant.has(ranked[i])) gain += worth;
    if (i < relevant.size) ideal += worth;
  }
  return ideal === 0 ? 0 : gain / ideal;
}

// The share of `relevant` (at most k of them) that is among the first k.
export function recall(ranked, relevant, k) {
  if (relevant.size === 0) return 0;
  let hits = 0;
  for (const item of ranked.slice(0, k)) if (relevant.has(item)) hits++;
  return hits / Math.min(k, relevant.size);
}

// The candidates from the highest score to the lowest; of equals the smaller number comes first.
export function rank(candidates, scores) {
  const order = candidates.map((_, i) => i);
  order.sort((a, b) => scores[b] - scores[a] || candidates[a] - candidates[b]);
  return order.map((i) => candidates[i]);
}

// Means over users: { 'ndcg@10': …, 'recall@10': … }.
export function metrics(rankings, relevantOf, k = 10) {
  const mean = (of) => rankings.reduce((sum, { user, ranked }) =>
    sum + of(ranked, relevantOf(user), k), 0) / rankings.length;
  const round = (x) => Math.round(x * 1e5) / 1e5;
  return { [`ndcg@${k}`]: round(mean(ndcg)), [`recall@${k}`]: round(mean(recall)) };
}
