import type { Inventory } from "../ports/inventory.ts";
import type { Log } from "../ports/log.ts";

/** What this machine has, read again when asked; whoever listens is told when it has changed. */
export class MachineWatch {
  readonly #read: () => Promise<Inventory>;
  readonly #log: Log;
  readonly #amendments: ((seen: Inventory) => Inventory)[] = [];
  readonly #listeners: (() => void)[] = [];
  #seen: Inventory;
  #current: Inventory;
  #reading: Promise<void> | null = null;

  constructor(first: Inventory, read: () => Promise<Inventory>, log: Log) {
    this.#seen = first;
    this.#current = first;
    this.#read = read;
    this.#log = log;
  }

  get current(): Inventory {
    return this.#current;
  }

  /** What is known beside what is read: it is put on top of this look and every later one. */
  amend(amendment: (seen: Inventory) => Inventory): void {
    this.#amendments.push(amendment);
    this.#take(this.#seen);
  }

  /** Calls after `current` has become another. */
  changed(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Looks at the machine again; while that is under way, it is the same look. Never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#refresh().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #refresh(): Promise<void> {
    try {
      this.#take(await this.#read());
    } catch (cause) {
      this.#log.warn({ err: cause }, "the machine could not be looked at again");
    }
  }

  #take(seen: Inventory): void {
    this.#seen = seen;
    const next = this.#amendments.reduce((inventory, amend) => amend(inventory), seen);
    const isOther = fingerprint(next) !== fingerprint(this.#current);
    this.#current = next;
    if (!isOther) return;
    const { gpus, problems } = next;
    this.#log.info({ gpus: gpus.map(({ uuid }) => uuid), problems }, "what this machine has is another now");
    for (const listener of this.#listeners) listener();
  }
}

/** All but what changes by itself: free space, and the memory that processes hold. */
function fingerprint(inventory: Inventory): string {
  const gpus = inventory.gpus.map((gpu) => ({ ...gpu, processes: gpu.processes.map(({ pid }) => pid) }));
  return JSON.stringify({ ...inventory, gpus, diskFreeBytes: 0 });
}
