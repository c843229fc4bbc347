import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { approvalFacts } from "../../domain/verdict/decision.ts";
import { DECIDED_BY_SCHEMA, VERDICT_SCHEMA } from "./verdict-schema.ts";
import { SqliteVerdictStore } from "./verdict-store.ts";

test("what was decided before the farm kept who asked is kept as said, and counts as nobody's", async () => {
  using database = new DatabaseSync(":memory:");
  database.exec(`CREATE TABLE runs (run INTEGER PRIMARY KEY); INSERT INTO runs VALUES (1); ${VERDICT_SCHEMA}`);
  database.exec("INSERT INTO approvals (run, digest, who, role, at) VALUES (1, 'd', 'ada', 'operator', 5)");
  database.exec(
    "INSERT INTO waivers (run, gate, digest, who, why, expires, at) VALUES (1, 'G16', 'd', 'ada', 'w', 9, 5)",
  );
  database.exec(DECIDED_BY_SCHEMA);
  const store = new SqliteVerdictStore(database);
  const by = { who: "nobody", role: null, onBehalfOf: "ada", digest: "d", atMs: 5 };
  const approvals = await store.approvals(1);
  expect(approvals).toEqual([by]);
  expect(approvalFacts(approvals)).toEqual([]);
  expect(await store.waivers(1)).toEqual([{ ...by, gate: "G16", why: "w", expiresAtMs: 9 }]);
});
