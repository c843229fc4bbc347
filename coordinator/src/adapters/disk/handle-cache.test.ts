import { describe, expect, it } from "vitest";
import { HandleCache } from "./handle-cache.ts";

/** Counts what is open and refuses what must never happen. */
function countingCache(openMax: number) {
  const open = new Set<string>();
  const inUse = new Map<string, number>();
  const history: string[] = [];
  let mostOpen = 0;
  const cache = new HandleCache<string>({
    openMax,
    open: async (path) => {
      if (path === "missing") throw new Error("no such file");
      expect(open).not.toContain(path);
      open.add(path);
      mostOpen = Math.max(mostOpen, open.size);
      history.push(`open ${path}`);
      await turn();
      return path;
    },
    close: async (path) => {
      expect(inUse.get(path) ?? 0).toBe(0);
      await turn();
      open.delete(path);
      history.push(`close ${path}`);
    },
  });
  const use = (path: string, turns = 1) =>
    cache.use(path, async (handle) => {
      expect(open).toContain(handle);
      inUse.set(handle, (inUse.get(handle) ?? 0) + 1);
      for (let n = 0; n < turns; n++) await turn();
      expect(open).toContain(handle);
      inUse.set(handle, (inUse.get(handle) ?? 0) - 1);
    });
  return { cache, use, history, open, mostOpen: () => mostOpen };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a handle cache", () => {
  it("closes the one that was used least recently", async () => {
    const { use, history } = countingCache(2);
    for (const path of ["a", "b", "a", "c", "a"]) await use(path);
    expect(history).toEqual(["open a", "open b", "close b", "open c"]);
  });

  it("opens a file once for any number of users at the same time", async () => {
    const { use, history } = countingCache(2);
    await Promise.all(Array.from({ length: 10 }, () => use("a")));
    expect(history).toEqual(["open a"]);
  });

  it("never has too many open nor closes one in use, however the uses fall", async () => {
    const { use, mostOpen, cache, open } = countingCache(3);
    const uses = Array.from({ length: 400 }, (_, n) => use(`file-${(n * 7919) % 11}`, n % 5));
    await Promise.all(uses);
    expect(mostOpen()).toBe(3);
    await cache[Symbol.asyncDispose]();
    expect(open.size).toBe(0);
  });

  it("drops a file that is in use once its last user is done, and opens it anew for the next", async () => {
    const { use, cache, history } = countingCache(2);
    const using = use("a", 3);
    await cache.drop("a");
    await using;
    await use("a");
    expect(history).toEqual(["open a", "close a", "open a"]);
  });

  it("gives back the room of a file that could not be opened", async () => {
    const { use, cache } = countingCache(1);
    await expect(use("missing")).rejects.toThrow("no such file");
    await use("a");
    await expect(use("missing")).rejects.toThrow("no such file");
    await use("b");
    expect(await cache.useIfOpen("missing", async () => 1)).toBeNull();
    expect(await cache.useIfOpen("b", async () => 1)).toBe(1);
  });
});
