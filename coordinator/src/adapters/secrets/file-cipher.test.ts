import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import { openFileCipher } from "./file-cipher.ts";

function opened(file: string, mayMake = true) {
  const cipher = openFileCipher(file, mayMake);
  if (!cipher.ok) throw new Error(cipher.detail);
  return cipher.cipher;
}

test("a key is made once, for its owner only, and opens what it sealed after a restart", () => {
  using folder = temporaryFolder("kiln-key-");
  const file = join(folder.path, "secrets.key");
  const sealed = opened(file).seal("hunter22-ü", "NAME");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(opened(file, false).open(sealed, "NAME")).toBe("hunter22-ü");
  expect(Buffer.from(sealed.ciphertext).toString("latin1")).not.toContain("hunter22");
});

test("equal values have different ciphertexts, and each opens in its own place only", () => {
  using folder = temporaryFolder("kiln-key-");
  const cipher = opened(join(folder.path, "secrets.key"));
  const [one, two] = [cipher.seal("hunter22", "A"), cipher.seal("hunter22", "A")];
  expect(one.ciphertext).not.toEqual(two.ciphertext);
  expect(cipher.open(one, "B")).toBeNull();
  const changed = Buffer.from(one.ciphertext);
  changed[0] = (changed[0] ?? 0) ^ 1;
  expect(cipher.open({ ...one, ciphertext: changed }, "A")).toBeNull();
  expect(cipher.open({ ...one, ciphertext: changed.subarray(0, 3) }, "A")).toBeNull();
});

test("another key has another id and opens nothing", () => {
  using folder = temporaryFolder("kiln-key-");
  const [one, two] = [opened(join(folder.path, "1")), opened(join(folder.path, "2"))];
  expect(one.keyId).not.toBe(two.keyId);
  expect(two.open(one.seal("hunter22", "A"), "A")).toBeNull();
});

test("a key that is missing, cut or open to others is said so, and none is made in its place", () => {
  using folder = temporaryFolder("kiln-key-");
  const file = join(folder.path, "secrets.key");
  const detail = (mayMake = false) => {
    const cipher = openFileCipher(file, mayMake);
    return cipher.ok ? "it is open" : cipher.detail;
  };
  expect(detail()).toContain("is not there: put it back");
  expect(detail(true)).toBe("it is open");
  const key = readFileSync(file, "utf8");
  if (process.platform !== "win32") {
    chmodSync(file, 0o640);
    expect(detail()).toContain("chmod 600");
    chmodSync(file, 0o600);
  }
  writeFileSync(file, key.slice(0, 10));
  expect(detail(true)).toContain("not a key of 32 bytes");
  rmSync(file);
  writeFileSync(file, key, { mode: 0o600 });
  expect(detail()).toBe("it is open");
});
