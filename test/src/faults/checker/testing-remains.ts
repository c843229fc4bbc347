import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { temporaryFolder } from "@kiln/testkit";
import type { AgentEntry } from "../agent-journal.ts";
import type { FarmEntry } from "../journal.ts";
import type { FarmRemains } from "./evidence.ts";
import { linesLog } from "./expected-log.ts";

const LINES = 100;
/** The part of the coordinator's schema that the checker reads. */
const SCHEMA = `
CREATE TABLE runs (run INTEGER PRIMARY KEY, state TEXT, verdict TEXT);
CREATE TABLE plans (run INTEGER PRIMARY KEY, plan TEXT);
CREATE TABLE agents (agent_id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE jobs (run INTEGER, job INTEGER, kind TEXT, state TEXT, outcome TEXT, attempts INTEGER, PRIMARY KEY (run, job));
CREATE TABLE attempts (run INTEGER, job INTEGER, attempt INTEGER, agent_id TEXT, state TEXT, outcome TEXT,
  started_at INTEGER, acked_seq INTEGER, log_bytes INTEGER, artifacts TEXT, PRIMARY KEY (run, job, attempt),
  FOREIGN KEY (run, job) REFERENCES jobs (run, job));
`;

/**
 * What a farm leaves behind that did everything right: one run with a build
 * that was lost on a1 and passed on a2, and its test. Tests spoil one thing of it.
 */
export class Remains implements Disposable {
  readonly #folder = temporaryFolder("kiln-remains-");
  readonly wheel = "a wheel";
  readonly source = "a source";
  processesLeft: number[] = [];

  constructor() {
    mkdirSync(this.path("coordinator", "logs", "r1"), { recursive: true });
    mkdirSync(this.path("coordinator", "blobs"));
    for (const agent of ["a1", "a2"]) mkdirSync(this.path(agent, "spool"), { recursive: true });
    this.sql(SCHEMA);
    const plan = {
      jobs: [
        { name: "build", needs: [] },
        { name: "test", needs: ["build"] },
      ],
    };
    const artifacts = [{ role: "wheel", blob: { sha256: sha256(this.wheel), sizeBytes: this.wheel.length } }];
    const logBytes = linesLog(LINES).length;
    this.sql(`
      INSERT INTO runs VALUES (1, 'finished', 'pass');
      INSERT INTO plans VALUES (1, '${JSON.stringify(plan)}');
      INSERT INTO agents VALUES ('one', 'a1'), ('two', 'a2');
      INSERT INTO jobs VALUES (1, 0, 'build', 'finished', 'passed', 2), (1, 1, 'test', 'finished', 'passed', 1);
      INSERT INTO attempts VALUES (1, 0, 1, 'one', 'finished', 'agent-lost', 5, 2, 140, '[]');
      INSERT INTO attempts VALUES (1, 0, 2, 'two', 'finished', 'passed', 6, 5, ${logBytes}, '${JSON.stringify(artifacts)}');
      INSERT INTO attempts VALUES (1, 1, 1, 'one', 'finished', 'passed', 7, 4, ${logBytes}, '[]');
    `);
    this.log("0.1", linesLog(LINES).subarray(0, 280));
    this.log("0.2", linesLog(LINES));
    this.log("1.1", linesLog(LINES));
    for (const text of [this.wheel, this.source]) this.blob(sha256(text), text);
    this.#promise();
    this.#runAndAcknowledge();
  }

  /** A path in the folder of all. */
  path(...parts: readonly string[]): string {
    return join(this.#folder.path, ...parts);
  }

  sql(statements: string): void {
    const database = new DatabaseSync(this.path("coordinator", "kiln.db"), { enableForeignKeyConstraints: false });
    database.exec(statements);
    database.close();
  }

  /** `name` is `job.attempt` of run 1. */
  log(name: string, bytes: Uint8Array): void {
    writeFileSync(this.path("coordinator", "logs", "r1", `${name}.log`), bytes);
  }

  blob(digest: string, text: string): void {
    const folder = this.path("coordinator", "blobs", digest.slice(0, 2));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, digest.slice(2)), text);
  }

  removeBlob(text: string): void {
    const digest = sha256(text);
    rmSync(this.path("coordinator", "blobs", digest.slice(0, 2), digest.slice(2)));
  }

  promised(entry: FarmEntry): void {
    appendFileSync(this.path("farm.journal"), `${JSON.stringify(entry)}\n`);
  }

  agentSaid(agent: "a1" | "a2", entry: AgentEntry): void {
    appendFileSync(this.path(`${agent}.journal`), `${JSON.stringify(entry)}\n`);
  }

  executed(agent: "a1" | "a2", job: number, attempt: number, pid = 100): void {
    this.agentSaid(agent, { event: "executed", agent, pid, run: 1, job, attempt });
  }

  get all(): FarmRemains {
    return {
      coordinatorDir: this.path("coordinator"),
      farmJournal: this.path("farm.journal"),
      agents: ["a1", "a2"].map((name) => ({ name, dir: this.path(name), journal: this.path(`${name}.journal`) })),
      processesLeft: this.processesLeft,
    };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  #promise(): void {
    const script = { lines: LINES, outcome: "passed" } as const;
    const sourceSha256 = sha256(this.source);
    this.promised({
      event: "run-accepted",
      run: "r1",
      sourceSha256,
      retries: 1,
      build: script,
      test: script,
      isCancelled: false,
    });
    this.promised({ event: "blob-stored", sha256: sourceSha256, sizeBytes: this.source.length });
    for (const job of ["build", "test"]) this.promised({ event: "job-finished", run: "r1", job, outcome: "passed" });
    const read = linesLog(LINES);
    this.promised({ event: "log-read", run: "r1", job: "test", attempt: 1, bytes: read.length, sha256: sha256(read) });
  }

  #runAndAcknowledge(): void {
    this.executed("a1", 0, 1);
    this.agentSaid("a1", { event: "acked", run: 1, job: 0, attempt: 1, seq: 2, logBytes: 140, outcome: null });
    this.executed("a2", 0, 2);
    const logBytes = linesLog(LINES).length;
    this.agentSaid("a2", { event: "acked", run: 1, job: 0, attempt: 2, seq: 5, logBytes, outcome: "passed" });
    this.executed("a1", 1, 1);
    this.agentSaid("a1", { event: "acked", run: 1, job: 1, attempt: 1, seq: 4, logBytes, outcome: "passed" });
  }
}

function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
