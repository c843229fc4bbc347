import { join } from "node:path";
import { openFarmIdentity } from "@kiln/identity";
import { expect, test } from "vitest";
import { tempDir } from "../../testing/temp-dir.ts";
import { reachableUrl } from "./reachable-url.ts";

test("a farm on every address is shown by one that other machines can use", async () => {
  await using home = await tempDir();
  const names = ["127.0.0.1", "localhost", "::1", "10.0.0.5", "fd00::5", "farm.example"];
  await openFarmIdentity(join(home.path, "identity"), { nowMs: Date.now(), names });
  const found = await reachableUrl("https://127.0.0.1:8270", { dir: home.path });
  expect(found.url).toBe("https://10.0.0.5:8270");
  expect(found.others).toEqual(expect.arrayContaining(["farm.example"]));
  expect(found.others).toHaveLength(2);
});

test("an address of the network stays, and so does the only one that there is", async () => {
  await using home = await tempDir();
  const dir = { dir: home.path };
  expect(await reachableUrl("https://10.0.0.5:8270", dir)).toEqual({ url: "https://10.0.0.5:8270", others: [] });
  expect(await reachableUrl("https://127.0.0.1:8270", dir)).toEqual({ url: "https://127.0.0.1:8270", others: [] });
  await openFarmIdentity(join(home.path, "identity"), { nowMs: Date.now() });
  expect((await reachableUrl("https://127.0.0.1:8270", dir)).url).toBe("https://127.0.0.1:8270");
});
