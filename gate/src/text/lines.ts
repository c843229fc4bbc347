/** Where the lines of a text begin: an offset becomes `line 40, column 23` in O(log lines). */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  /** Both count from 1. */
  describe(at: number): string {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle;
    }
    return `line ${low + 1}, column ${at - (this.#starts[low] ?? 0) + 1}`;
  }
}
