import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stagingStoreContract } from "../../ports/staging-store.contract.ts";
import { openSqliteStore } from "./store.ts";

stagingStoreContract("SQLite", () => {
  const dir = mkdtempSync(join(tmpdir(), "kiln-staging-"));
  return {
    open: async () => openSqliteStore(join(dir, "kiln.db")),
    wipe: async () => rmSync(dir, { recursive: true }),
  };
});
