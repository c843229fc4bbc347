import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { storeContract } from "../../ports/store.contract.ts";
import { openSqliteStore } from "./store.ts";

storeContract("SQLite", () => {
  const dir = mkdtempSync(join(tmpdir(), "kiln-store-"));
  return {
    open: async () => openSqliteStore(join(dir, "kiln.db")),
    wipe: async () => rmSync(dir, { recursive: true }),
  };
});

describe("the SQLite file", () => {
  const dirs: string[] = [];
  const newFile = (): string => {
    const dir = mkdtempSync(join(tmpdir(), "kiln-store-"));
    dirs.push(dir);
    return join(dir, "kiln.db");
  };
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });

  it("can be read by its owner only", async () => {
    const file = newFile();
    await using _store = openSqliteStore(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("cannot be opened by a second coordinator", async () => {
    const file = newFile();
    await using _store = openSqliteStore(file);
    expect(() => openSqliteStore(file)).toThrow(/cannot be used: database is locked/);
  });

  it("is refused, not rewritten, when a newer Kiln made it", () => {
    const file = newFile();
    const database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 999");
    database.close();
    expect(() => openSqliteStore(file)).toThrow(/schema 999.*newer Kiln/);
  });
});
