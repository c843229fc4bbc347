import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peopleStoresContract } from "../../ports/people-stores.contract.ts";
import { openSqliteStore } from "./store.ts";

peopleStoresContract("SQLite", () => {
  const dir = mkdtempSync(join(tmpdir(), "kiln-people-"));
  return {
    open: async () => openSqliteStore(join(dir, "kiln.db")),
    wipe: async () => rmSync(dir, { recursive: true }),
  };
});
