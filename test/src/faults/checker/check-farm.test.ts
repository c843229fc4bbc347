import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkFarm } from "./check-farm.ts";
import { linesLog } from "./expected-log.ts";
import { Remains } from "./testing-remains.ts";

/** What is done to a farm that did everything right, and what the checker has to say of it. */
const SPOILED: readonly (readonly [string, (remains: Remains) => void, RegExp])[] = [
  [
    "a store whose pages are damaged",
    (r) => {
      r.sql("INSERT INTO agents VALUES ('three', 'KILNMARK'); CREATE INDEX by_name ON agents (name)");
      const path = r.path("coordinator", "kiln.db");
      const bytes = readFileSync(path);
      // It is in the table and in the index; now they disagree.
      bytes.write("ANOTHER!", bytes.lastIndexOf("KILNMARK"));
      writeFileSync(path, bytes);
    },
    /^the store is damaged: /,
  ],
  [
    "an attempt of a job that is not there",
    (r) =>
      r.sql("INSERT INTO attempts SELECT 1, 9, 1, agent_id, state, outcome, NULL, 0, 0, '[]' FROM attempts LIMIT 1"),
    /refers to nothing/,
  ],
  ["an accepted run that is gone", (r) => r.sql("DELETE FROM runs"), /^run r1 was accepted and is not there$/],
  [
    "a run that was submitted twice",
    (r) => r.sql("INSERT INTO runs VALUES (2, 'finished', 'pass')"),
    /^run r2 was never asked for$/,
  ],
  [
    "a run without an end",
    (r) => r.sql("UPDATE runs SET state = 'running', verdict = NULL"),
    /^run r1 is running, not finished$/,
  ],
  [
    "a job without an outcome",
    (r) => r.sql("UPDATE jobs SET state = 'running', outcome = NULL WHERE job = 1"),
    /^r1 test is running without an end$/,
  ],
  [
    "a job that was shown with another outcome",
    (r) => r.promised({ event: "job-finished", run: "r1", job: "test", outcome: "tests-failed" }),
    /^r1 test was shown as passed, then as tests-failed$/,
  ],
  [
    "a job whose outcome is not its attempt's",
    (r) => r.sql("UPDATE attempts SET outcome = 'tests-failed' WHERE job = 1"),
    /^r1 test: it is passed, its last attempt tests-failed$/,
  ],
  [
    "a job with two outcomes",
    (r) => r.sql("UPDATE attempts SET outcome = 'passed' WHERE job = 0"),
    /^r1 build: attempt 1 ended as passed, and another followed it$/,
  ],
  [
    "an attempt without an end",
    (r) => r.sql("UPDATE attempts SET state = 'running', outcome = NULL WHERE job = 0 AND attempt = 1"),
    /^r1 build: attempt 1 is running without an end$/,
  ],
  [
    "an attempt that was not counted",
    (r) => r.sql("UPDATE jobs SET attempts = 1 WHERE job = 0"),
    /^r1 build: it counts 1 attempts and has 2$/,
  ],
  [
    "a gap in the numbers of attempts",
    (r) => r.sql("UPDATE attempts SET attempt = 3 WHERE job = 0 AND attempt = 2"),
    /^r1 build: its attempts are not numbered/,
  ],
  [
    "a job that did not end as it was told to",
    (r) => r.sql("UPDATE jobs SET outcome = 'not-run', attempts = 1 WHERE job = 1"),
    /^r1 job 1 was to end as passed and ended as not-run/,
  ],
  [
    "more retries than the budget",
    (r) => {
      r.sql(
        "INSERT INTO attempts SELECT run, job, 3, agent_id, state, outcome, NULL, 0, 0, '[]' FROM attempts WHERE attempt = 2; UPDATE jobs SET attempts = 3 WHERE job = 0",
      );
    },
    /^r1 job 0 had 3 attempts with 1 retries$/,
  ],
  [
    "an acknowledged frame that the store does not know",
    (r) => r.sql("UPDATE attempts SET acked_seq = 1 WHERE job = 0 AND attempt = 1"),
    /^1\.0\.1: frame 2 was acknowledged, the store knows 1$/,
  ],
  [
    "acknowledged log bytes that are gone",
    (r) => r.log("0.1", linesLog(5)),
    /^1\.0\.1: 140 log bytes were acknowledged, 70 are kept$/,
  ],
  [
    "an acknowledged end that became another",
    (r) => r.sql("UPDATE attempts SET outcome = 'agent-lost' WHERE job = 1"),
    /^1\.1\.1: its end as passed was acknowledged, the store has agent-lost$/,
  ],
  [
    "an acknowledged attempt that is gone",
    (r) => r.sql("DELETE FROM attempts WHERE job = 1"),
    /^1\.1\.1: frame 4 was acknowledged, and the attempt is not there$/,
  ],
  [
    "a log that lacks its last byte",
    (r) => truncateSync(r.path("coordinator", "logs", "r1", "1.1.log"), linesLog(100).length - 1),
    /^the log of 1\.1\.1 \(passed\) has 1399 bytes/,
  ],
  [
    "a log with a byte twice",
    (r) => r.log("1.1", Buffer.concat([linesLog(100), Buffer.from("\n")])),
    /^the log of 1\.1\.1 \(passed\) is not what was printed$/,
  ],
  [
    "a log with a line twice in the middle",
    (r) => r.log("0.1", Buffer.concat([linesLog(10), linesLog(10)])),
    /^the log of 1\.0\.1 \(agent-lost\) is not what was printed$/,
  ],
  [
    "a log of an attempt that never was",
    (r) => r.log("1.2", linesLog(1)),
    /^there is a log of 1\.1\.2, and no attempt$/,
  ],
  [
    "a reader who was shown other bytes",
    (r) => r.promised({ event: "log-read", run: "r1", job: "build", attempt: 2, bytes: 14, sha256: "0".repeat(64) }),
    /^a reader of the log of r1 build saw 14 bytes/,
  ],
  [
    "an attempt that ran on both agents",
    (r) => r.executed("a2", 1, 1),
    /^1\.1\.1 ran twice: on a1 \(100\) and on a2 \(100\)$/,
  ],
  [
    "an attempt that ran twice on one agent before its end",
    (r) => {
      r.executed("a1", 0, 1, 101);
    },
    /^1\.0\.1 ran twice: on a1 \(100\) and on a1 \(101\)$/,
  ],
  [
    "an attempt that ran on an agent without its lease",
    (r) => r.sql("UPDATE attempts SET agent_id = 'two' WHERE job = 1"),
    /^1\.1\.1 was a2's and ran on a1$/,
  ],
  [
    "an attempt that ran nowhere",
    (r) => writeFileSync(r.path("a2.journal"), ""),
    /^1\.0\.2 is said to have begun, and ran nowhere$/,
  ],
  [
    "an attempt that the store does not know and that ran",
    (r) => r.executed("a1", 1, 2),
    /^1\.1\.2 ran, and the store does not know it$/,
  ],
  ["a stored blob that is gone", (r) => r.removeBlob(r.source), /^stored blob [0-9a-f]{64} of 8 bytes is not there$/],
  [
    "an artifact that is gone",
    (r) => r.removeBlob(r.wheel),
    /^artifact of 1\.0\.2 [0-9a-f]{64} of 7 bytes is not there$/,
  ],
  [
    "a blob with other bytes than its name says",
    (r) => r.blob("ab".repeat(32), "something else"),
    /^blob (ab){32} has other bytes than its name says$/,
  ],
  ["a process that is left", (r) => void r.processesLeft.push(4711), /^process 4711 is left running$/],
  [
    "an attempt in a spool",
    (r) => writeFileSync(r.path("a1", "spool", "1.1.1.spool"), "frames"),
    /^an attempt is left in a spool: a1: 1\.1\.1\.spool$/,
  ],
];

describe("the independent checker", () => {
  it("has nothing to say of a farm that did everything right", () => {
    using remains = new Remains();
    expect(checkFarm(remains.all)).toEqual({ problems: [], runs: 1, attempts: 3 });
  });

  it("lets an agent begin an attempt again when its end was acknowledged before", () => {
    using remains = new Remains();
    remains.executed("a1", 1, 1, 101);
    expect(checkFarm(remains.all).problems).toEqual([]);
  });

  it.for(SPOILED)("rejects %s", ([, spoil, problem]) => {
    using remains = new Remains();
    spoil(remains);
    expect(checkFarm(remains.all).problems).toContainEqual(expect.stringMatching(problem));
  });

  it("says how many more there are of what it does not show", () => {
    using remains = new Remains();
    remains.processesLeft = Array.from({ length: 25 }, (_, index) => 1000 + index);
    expect(checkFarm(remains.all).problems).toContain("… and 15 more of these");
  });
});
