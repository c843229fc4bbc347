import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import type { Credentials } from "../../ports/credentials.ts";
import { readSettings, writeSettings } from "./agent-settings.ts";
import { CredentialFolder } from "./credential-folder.ts";

const CREDENTIALS: Credentials = {
  agentId: "gpu1-0a",
  privateKeyPem: "key\n",
  certificatePem: "certificate\n",
  authorityPem: "authority\n",
  natsSeed: "SUX",
  natsJwt: "jwt",
  issuedAtMs: 1,
  notAfterMs: 2,
  farm: { httpUrl: "https://farm:8270", grpcAddress: "farm:8271", natsUrl: "tls://farm:8272" },
  labels: { rack: "a3" },
  role: "ephemeral",
};

test.skipIf(process.platform === "win32")("credentials are their owner's alone, and come back as they were", () => {
  using home = temporaryFolder();
  const folder = new CredentialFolder(home.path);
  expect(folder.read()).toBeNull();
  folder.write(CREDENTIALS);
  expect(folder.read()).toEqual(CREDENTIALS);
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  expect(new Set(readdirSync(folder.path).map((name) => statSync(join(folder.path, name)).mode & 0o777))).toEqual(
    new Set([0o600]),
  );
  expect(readdirSync(home.path)).toEqual(["credentials"]);
  folder.remove();
  expect(folder.read()).toBeNull();
  expect(readdirSync(home.path)).toEqual([]);
});

test("wherever replacing them stops, a key and its certificate are of one set", () => {
  using home = temporaryFolder();
  const folder = new CredentialFolder(home.path);
  const newer = { ...CREDENTIALS, privateKeyPem: "new key\n", certificatePem: "new certificate\n", notAfterMs: 9 };
  const at = (name: string): string => join(home.path, name);
  // Stopped while the new ones were written.
  folder.write(CREDENTIALS);
  mkdirSync(at("credentials.tmp"));
  writeFileSync(join(at("credentials.tmp"), "farm.json"), "{");
  expect(folder.read()).toEqual(CREDENTIALS);
  // Stopped when they were complete, and the old ones still in their place, or already out of it.
  folder.write(newer);
  renameSync(at("credentials"), at("kept"));
  folder.write(CREDENTIALS);
  renameSync(at("kept"), at("credentials.next"));
  expect(folder.read()).toEqual(newer);
  renameSync(at("credentials"), at("credentials.old"));
  expect(folder.read()).toEqual(newer);
  // The next one goes on from there.
  folder.write(newer);
  expect(folder.read()).toEqual(newer);
  expect(readdirSync(home.path)).toEqual(["credentials"]);
});

test("a damaged folder is not taken for a machine that never joined", () => {
  using home = temporaryFolder();
  const folder = new CredentialFolder(home.path);
  folder.write(CREDENTIALS);
  rmSync(join(folder.path, "agent.key"));
  expect(() => folder.read()).toThrow("join the farm again");
  writeFileSync(join(folder.path, "farm.json"), "{}");
  expect(() => folder.read()).toThrow("join the farm again");
});

test("what join was told is kept", () => {
  using home = temporaryFolder();
  expect(readSettings(home.path)).toEqual({});
  writeSettings(home.path, { KILN_SLOTS: "2" });
  expect(readSettings(home.path)).toEqual({ KILN_SLOTS: "2" });
  writeFileSync(join(home.path, "settings.json"), "{");
  expect(() => readSettings(home.path)).toThrow("damaged");
});
