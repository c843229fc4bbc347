import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditStoreContract } from "../../ports/audit-store.contract.ts";
import { openSqliteStore } from "./store.ts";

auditStoreContract("SQLite", () => {
  const dir = mkdtempSync(join(tmpdir(), "kiln-audit-"));
  return {
    open: async () => openSqliteStore(join(dir, "kiln.db")),
    wipe: async () => rmSync(dir, { recursive: true }),
  };
});
