import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { describe, expect, it } from "vitest";
import { farmIdentityFiles, openFarmIdentity, readFarmIdentity } from "../index.ts";

const nowMs = Date.now();
const DAY_MS = 86_400_000;

describe("a farm's identity on disk", () => {
  it("is made once, readable by its owner only, and read again as it was", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "identity");
    const made = await openFarmIdentity(path, { nowMs });
    expect(await openFarmIdentity(path, { nowMs })).toEqual(made);
    expect(readFarmIdentity(path)).toEqual(made);
    expect(readdirSync(folder.path)).toEqual(["identity"]);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(path)) expect(statSync(join(path, file)).mode & 0o777).toBe(0o600);
  });

  it("is one, when two processes make it at once", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "identity");
    const [a, b] = await Promise.all([openFarmIdentity(path, { nowMs }), openFarmIdentity(path, { nowMs })]);
    expect(a.fingerprint).toBe(b.fingerprint);
    expect(readdirSync(folder.path)).toEqual(["identity"]);
  });

  it("renews the servers' certificate when a third of its lifetime is left, and not before", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "identity");
    const first = await openFarmIdentity(path, { nowMs });
    const early = await openFarmIdentity(path, { nowMs: nowMs + 59 * DAY_MS });
    expect(early.server).toEqual(first.server);
    const late = await openFarmIdentity(path, { nowMs: nowMs + 61 * DAY_MS });
    expect(late.server.notAfterMs).toBeGreaterThan(first.server.notAfterMs);
    expect(late.server.names).toEqual(first.server.names);
    expect(late.fingerprint).toBe(first.fingerprint);
    expect(readFarmIdentity(path)).toEqual(late);
  });

  it("certifies its servers for further names when they are asked for", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "identity");
    const names = ["10.1.2.3", "fd00::1", "farm.example"];
    const first = await openFarmIdentity(path, { nowMs });
    const named = await openFarmIdentity(path, { nowMs, names });
    expect(named.server.certificatePem).not.toBe(first.server.certificatePem);
    expect(named.server.names).toEqual(["10.1.2.3", "FD00:0:0:0:0:0:0:1", "farm.example"]);
    expect((await openFarmIdentity(path, { nowMs, names })).server).toEqual(named.server);
  });

  it.each(["authority", "authorityKey", "server", "nats"] as const)(
    "is never replaced when its file %s is damaged or gone: that is said, and what to do",
    async (file) => {
      using folder = temporaryFolder();
      const path = join(folder.path, "identity");
      await openFarmIdentity(path, { nowMs });
      const damaged = farmIdentityFiles(path)[file];
      writeFileSync(damaged, "{}");
      await expect(openFarmIdentity(path, { nowMs })).rejects.toThrow(
        new RegExp(`${damaged} is not what Kiln wrote there.*backup`),
      );
      expect(readFileSync(damaged, "utf8")).toBe("{}");
      rmSync(damaged);
      await expect(openFarmIdentity(path, { nowMs })).rejects.toThrow(/not whole.*backup/);
    },
  );
});
