import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AttemptKey } from "../domain/attempt-key.ts";
import type { LogStore } from "./log-store.ts";

export interface OpenedLogStore extends AsyncDisposable {
  readonly store: LogStore;
  /** The same logs through a store that is opened anew, as after a restart. */
  reopen(): Promise<LogStore>;
}

const KEY: AttemptKey = { run: 12, job: 7, attempt: 1 };

/**
 * What every log store promises. `open` gives an empty one, with as few files or
 * connections to spare as the adapter allows, so that 40 attempts have to share.
 */
export function logStoreContract(name: string, open: () => Promise<OpenedLogStore>): void {
  describe(`${name} as a log store`, () => {
    let opened: OpenedLogStore;
    beforeEach(async () => void (opened = await open()));
    afterEach(() => opened[Symbol.asyncDispose]());

    writing(() => opened);
    readingAlong(() => opened);
    sharing(() => opened);
    timing(() => opened);
    removing(() => opened);
  });
}

function writing(opened: () => OpenedLogStore): void {
  it("puts chunks one after the other at their offset", async () => {
    const { store } = opened();
    await store.write(KEY, 0, [bytes("one\n"), bytes(""), bytes("two\n")]);
    await store.write(KEY, 8, [bytes("three\n")]);
    expect(await store.size(KEY)).toBe(14);
    expect(await text(store, KEY)).toBe("one\ntwo\nthree\n");
  });

  it("is not changed by writing the same bytes again, in whatever pieces", async () => {
    const { store } = opened();
    await store.write(KEY, 0, [bytes("0123456789")]);
    await store.sync(KEY);
    await store.write(KEY, 3, [bytes("34"), bytes("567")]);
    await store.write(KEY, 0, [bytes("0")]);
    await store.sync(KEY);
    expect(await store.size(KEY)).toBe(10);
    expect(await text(store, KEY)).toBe("0123456789");
  });

  it("goes on where it was after it is opened anew or the attempt was closed", async () => {
    const { store, reopen } = opened();
    await store.write(KEY, 0, [bytes("before ")]);
    await store.sync(KEY);
    await store.close(KEY);
    await store.write(KEY, 7, [bytes("between ")]);
    await store.sync(KEY);
    const again = await reopen();
    await again.write(KEY, 15, [bytes("after")]);
    expect(await text(again, KEY)).toBe("before between after");
  });

  it("syncs in any order with writes, twice, and where nothing was written", async () => {
    const { store } = opened();
    await store.sync(KEY);
    expect(await store.size(KEY)).toBe(0);
    const other = { ...KEY, attempt: 2 };
    const first = store.write(KEY, 0, [bytes("a")]);
    await Promise.all([store.sync(KEY), store.sync(other), first, store.write(other, 0, [bytes("b")])]);
    await Promise.all([store.sync(KEY), store.write(KEY, 1, [bytes("c")]), store.sync(KEY)]);
    await store.sync(other);
    await store.close(KEY);
    await store.close(KEY);
    await store.sync(KEY);
    expect(await text(store, KEY)).toBe("ac");
    expect(await text(store, other)).toBe("b");
  });
}

function readingAlong(opened: () => OpenedLogStore): void {
  it("is empty for an attempt that wrote nothing", async () => {
    const { store } = opened();
    expect(await store.size(KEY)).toBe(0);
    expect(await store.read(KEY, 0, 100)).toHaveLength(0);
    await store.close(KEY);
  });

  it("reads at most what was asked for, and nothing at or past the end", async () => {
    const { store } = opened();
    await store.write(KEY, 0, [bytes("0123456789")]);
    expect(asText(await store.read(KEY, 2, 3))).toBe("234");
    expect(asText(await store.read(KEY, 8, 100))).toBe("89");
    expect(await store.read(KEY, 10, 100)).toHaveLength(0);
    expect(await store.read(KEY, 1_000, 100)).toHaveLength(0);
  });

  it("shows readers everything that was written before they asked, while the writer goes on", async () => {
    const { store } = opened();
    const line = (n: number) => `line ${String(n).padStart(6, "0")}\n`;
    let written = 0;
    const writer = (async () => {
      for (let n = 0; n < 400; n++) {
        await store.write(KEY, written, [bytes(line(n))]);
        written += line(n).length;
        if (n % 50 === 0) await store.sync(KEY);
      }
    })();
    let seen = "";
    while (seen.length < 400 * line(0).length) {
      const due = written;
      const chunk = asText(await store.read(KEY, seen.length, 1_000));
      if (seen.length < due) expect(chunk.length).toBeGreaterThan(0);
      seen += chunk;
      if (chunk === "") await new Promise(setImmediate);
    }
    await writer;
    expect(seen).toBe(Array.from({ length: 400 }, (_, n) => line(n)).join(""));
  });
}

function sharing(opened: () => OpenedLogStore): void {
  it("keeps many attempts apart that write, sync and are read at the same time", async () => {
    const { store, reopen } = opened();
    const keys = Array.from({ length: 40 }, (_, n) => ({ run: 1 + (n % 3), job: n, attempt: 1 + (n % 2) }));
    const piece = (key: AttemptKey, n: number) => `<r${key.run} j${key.job} a${key.attempt} ${n}>`.padEnd(24);
    await Promise.all(
      keys.map(async (key) => {
        for (let n = 0; n < 20; n++) {
          await store.write(key, n * 24, [bytes(piece(key, n))]);
          if (n % 7 === key.job % 7) await store.sync(key);
          if (n % 5 === 0) expect(asText(await store.read(key, n * 24, 24))).toBe(piece(key, n));
        }
        await store.sync(key);
        await store.close(key);
      }),
    );
    const again = await reopen();
    for (const key of keys) {
      expect(await text(again, key)).toBe(Array.from({ length: 20 }, (_, n) => piece(key, n)).join(""));
    }
  });
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const asText = (value: Uint8Array): string => new TextDecoder().decode(value);

async function text(store: LogStore, key: AttemptKey): Promise<string> {
  return asText(await store.read(key, 0, 1_000_000));
}

function timing(opened: () => OpenedLogStore): void {
  const at = (offset: number, atMs: number) => ({ offset, atMs });

  it("tells when bytes came, to a tenth of a second or 64 KiB", async () => {
    const { store } = opened();
    const noted = [at(0, 1_000), at(10, 1_050), at(20, 1_100), at(30, 1_150), at(70_000, 1_160)];
    await store.write(KEY, 0, [new Uint8Array(80_000)], noted);
    expect(await store.times(KEY, 0, 10)).toEqual([at(0, 1_000), at(20, 1_100), at(70_000, 1_160)]);
    expect(await store.times(KEY, 69_999, 10)).toEqual([at(20, 1_100), at(70_000, 1_160)]);
    expect(await store.times(KEY, 1e9, 10)).toEqual([at(70_000, 1_160)]);
    expect(await store.times(KEY, 0, 1)).toEqual([at(0, 1_000)]);
    expect(await store.times({ ...KEY, job: 99 }, 0, 10)).toEqual([]);
  });

  it("tells them once after a restart, and goes on, also where frames come again", async () => {
    const { store, reopen } = opened();
    await store.write(KEY, 0, [bytes("0123456789")], [at(0, 1_000), at(5, 2_000)]);
    await store.sync(KEY);
    await store.close(KEY);
    const again = await reopen();
    await again.write(KEY, 5, [bytes("56789")], [at(5, 2_000)]);
    await again.write(KEY, 10, [bytes("abc")], [at(10, 3_000)]);
    expect(await again.times(KEY, 0, 10)).toEqual([at(0, 1_000), at(5, 2_000), at(10, 3_000)]);
  });
}

function removing(opened: () => OpenedLogStore): void {
  it("removes all logs of a run, and of no other, and takes new ones", async () => {
    const { store } = opened();
    const other = { ...KEY, run: KEY.run + 1 };
    for (const key of [KEY, { ...KEY, job: 8 }, other]) await store.write(key, 0, [bytes("hello")]);
    for (const key of [KEY, { ...KEY, job: 8 }, other]) await store.close(key);
    expect(await text(store, KEY)).toBe("hello");
    expect(await store.removeRun(KEY.run)).toBe(10);
    expect([await store.size(KEY), await text(store, KEY), await text(store, other)]).toEqual([0, "", "hello"]);
    expect(await store.removeRun(KEY.run)).toBe(0);
    await store.write(KEY, 0, [bytes("new")]);
    expect(await text(store, KEY)).toBe("new");
  });
}
