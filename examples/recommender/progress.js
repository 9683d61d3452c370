// Tells on a stream what happens: a line for every event, and on a terminal one live line below.

const INTERVAL_MS = 2000;

export class Progress {
  #stream;
  #now;
  #live = false;
  #lastUpdate = -Infinity;
  #started;
  seconds = {};

  constructor(stream, now = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#started = now();
  }

  // One event, one line.
  say(text) {
    this.#clear();
    const seconds = (this.#now() - this.#started) / 1000;
    this.#stream.write(`${seconds.toFixed(1).padStart(6)}s  ${text}\n`);
  }

  // Where a long step stands: replaces itself on a terminal, every two seconds a line elsewhere.
  update(text) {
    if (this.#stream.isTTY) {
      this.#clear();
      this.#stream.write(text.slice(0, (this.#stream.columns ?? 80) - 1));
      this.#live = true;
    } else if (this.#now() - this.#lastUpdate >= INTERVAL_MS) {
      this.#lastUpdate = this.#now();
      this.say(text);
    }
  }

  // Runs a stage and keeps its time under `seconds`.
  async stage(name, work) {
    const started = this.#now();
    this.say(`${name} …`);
    const result = await work();
    this.seconds[name] = Math.round(this.#now() - started) / 1000;
    this.say(`${name}: ${this.seconds[name].toFixed(2)} s`);
    return result;
  }

  #clear() {
    if (this.#live) this.#stream.write('\r\x1b[K');
    this.#live = false;
  }
}
