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

  it("of an earlier Kiln keeps its runs, whose plans gain what they did not say", async () => {
    const file = newFile();
    const database = new DatabaseSync(file);
    database.exec(SCHEMA_ONE);
    const plan = {
      candidate: { name: "demo", version: "1.0" },
      cells: [{ name: "cp312-linux-x86_64", axes: { os: "linux-x86_64", python: "3.12" } }],
      excluded: [],
      jobs: [
        {
          ...{ kind: "build", name: "build-cp312-linux-x86_64", key: "k", needs: [] },
          ...{ platform: "linux-x86_64", python: "3.12" },
        },
      ],
      infrastructureRetries: 2,
    };
    database.prepare("INSERT INTO plans VALUES (1, ?)").run(JSON.stringify(plan));
    database.exec(`
      INSERT INTO runs VALUES (1, NULL, 'demo', '{}', '{}', 'finished', 'pass', '', 0, 0, 0, 1);
      INSERT INTO jobs VALUES (1, 0, 'build', 'finished', 'passed', '', 1, 2, 'a1', '3.12.1', 0, 0, 0, 1);
    `);
    const artifacts = JSON.stringify([{ role: "wheel", blob: { sha256: "a", sizeBytes: 3, filename: "x.whl" } }]);
    database
      .prepare(
        "INSERT INTO attempts VALUES (1, 0, 1, 'a1', 'finished', 'passed', '', '', '', 0, 0, 0, 3, 0, 0, '[]', ?)",
      )
      .run(artifacts);
    database
      .prepare("INSERT INTO agents VALUES ('a1', 's1', 'a', '0.1.0', 1, '[\"host\"]', '{\"os\":\"linux\"}', 0)")
      .run();
    database.close();
    await using store = openSqliteStore(file);
    const upgraded = JSON.parse((await store.planJson(1)) ?? "");
    expect(upgraded.jobs[0]).toMatchObject({
      requirement: { kind: "build", platform: "linux-x86_64", python: "3.12", gpu: null, container: false },
      wheel: { kind: "native" },
      frontend: "pip",
      checkReproducible: false,
      container: null,
      secrets: [],
    });
    expect(upgraded.jobs[0]).not.toHaveProperty("platform");
    expect(await store.job(1, 0)).toMatchObject({ reusedFrom: null, tests: null });
    const from = { run: 1, job: 0, attempt: 1, name: "build-cp312-linux-x86_64" };
    expect(await store.passedBuilds("demo", ["k"], null)).toMatchObject([{ from, wheel: { filename: "x.whl" } }]);
    expect(upgraded.cells[0]).toMatchObject({ touchstone: false, unknown: [] });
    const { agents } = await store.loadActive();
    expect(agents).toMatchObject([{ agentId: "a1", kinds: ["build", "test"], inventory: { gpus: [], osRelease: "" } }]);
  });
});

/** What the first Kiln made, as far as the upgrade looks at it. */
const SCHEMA_ONE = `
  CREATE TABLE runs (run INTEGER PRIMARY KEY, submission_id TEXT UNIQUE, project TEXT NOT NULL, candidate TEXT NOT NULL,
    source TEXT NOT NULL, state TEXT NOT NULL, verdict TEXT, reason TEXT NOT NULL, submitted_at INTEGER NOT NULL,
    started_at INTEGER, finished_at INTEGER, changed_id INTEGER NOT NULL) STRICT;
  CREATE TABLE plans (run INTEGER PRIMARY KEY, plan TEXT NOT NULL) STRICT;
  CREATE TABLE jobs (run INTEGER NOT NULL, job INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT,
    summary TEXT NOT NULL, attempts INTEGER NOT NULL, retries_left INTEGER NOT NULL, agent_id TEXT,
    python_version TEXT NOT NULL, ready_at INTEGER, started_at INTEGER, finished_at INTEGER, changed_id INTEGER NOT NULL,
    PRIMARY KEY (run, job)) STRICT, WITHOUT ROWID;
  CREATE TABLE attempts (run INTEGER NOT NULL, job INTEGER NOT NULL, attempt INTEGER NOT NULL, agent_id TEXT NOT NULL,
    state TEXT NOT NULL, outcome TEXT, summary TEXT NOT NULL, excerpt TEXT NOT NULL, python_version TEXT NOT NULL,
    assigned_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER, acked_seq INTEGER NOT NULL,
    log_bytes INTEGER NOT NULL, log_bytes_dropped INTEGER NOT NULL, steps TEXT NOT NULL, artifacts TEXT NOT NULL,
    PRIMARY KEY (run, job, attempt)) STRICT, WITHOUT ROWID;
  CREATE TABLE agents (agent_id TEXT PRIMARY KEY, session_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    slots INTEGER NOT NULL, executors TEXT NOT NULL, inventory TEXT NOT NULL, registered_at INTEGER NOT NULL) STRICT;
  PRAGMA user_version = 1;
`;
