import { expect, test } from "vitest";
import { imagesToRemove, type PulledImage } from "./image-cache.ts";

const image = (id: string, sizeBytes: number, lastUsedAtMs: number): PulledImage => ({
  id,
  reference: `${id}:1`,
  sizeBytes,
  lastUsedAtMs,
});
const images = [image("new", 10, 3), image("old", 10, 1), image("middle", 10, 2)];
const removed = (bytesMax: number, inUse: readonly string[] = []): string[] =>
  imagesToRemove(images, bytesMax, (id) => inUse.includes(id)).map(({ id }) => id);

test("the least recently used images go until the rest fits", () => {
  expect([removed(30), removed(29), removed(15), removed(0)]).toEqual([
    [],
    ["old"],
    ["old", "middle"],
    ["old", "middle", "new"],
  ]);
});

test("an image in use stays, and others go in its place", () => {
  expect(removed(20, ["old"])).toEqual(["middle"]);
  expect(removed(0, ["old", "middle", "new"])).toEqual([]);
});
