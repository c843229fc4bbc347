/** Lets a test wait until something that is announced here has come true. */
export class SignalBoard {
  readonly #waiting = new Set<() => void>();

  /** Something changed. */
  changed(): void {
    for (const check of this.#waiting) check();
  }

  /** Resolves when `isTrue` is, now or after a later change. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}
