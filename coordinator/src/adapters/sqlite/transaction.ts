import type { DatabaseSync } from "node:sqlite";

/** All of what `act` writes, or none. Synchronous: it does not meet another transaction. */
export function inTransaction<T>(database: DatabaseSync, act: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = act();
    database.exec("COMMIT");
    return result;
  } catch (cause) {
    // A failed COMMIT may have rolled back already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw cause;
  }
}
