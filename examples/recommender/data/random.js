// A small seeded generator (PCG-like, 32 bit): the same seed gives the same numbers everywhere.

export class Random {
  #state;

  constructor(seed) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < 8; i++) this.next();
  }

  // An integer in [0, 2^32).
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  }

  // A number in [0, 1).
  uniform() {
    return this.next() / 4294967296;
  }

  // An integer in [0, limit).
  below(limit) {
    return Math.floor(this.uniform() * limit);
  }

  // A standard normal number (the sum of 12 uniforms, so that no platform's log or cos matters).
  normal() {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.uniform();
    return sum;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  // Shuffles in place and returns the list.
  shuffle(list) {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  }
}
