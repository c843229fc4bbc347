import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityStoreContract } from "../../ports/identity-store.contract.ts";
import { openSqliteStore } from "./store.ts";

identityStoreContract("SQLite", () => {
  const dir = mkdtempSync(join(tmpdir(), "kiln-identities-"));
  return {
    open: async () => openSqliteStore(join(dir, "kiln.db")),
    wipe: async () => rmSync(dir, { recursive: true }),
  };
});
