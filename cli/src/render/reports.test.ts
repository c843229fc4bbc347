import type { AgentView } from "@kiln/proto";
import { expect, test } from "vitest";
import { CliError } from "../program/cli-error.ts";
import { screenText } from "../testing/screen-text.ts";
import { T0 } from "../testing/views.ts";
import { renderAgents } from "./agents-table.ts";
import { renderChecklist, type Check } from "./checklist.ts";
import { renderError } from "./error-report.ts";
import { renderFarm } from "./farm-summary.ts";
import { toText } from "./line.ts";
import { renderMeasureReport } from "./measure-report.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS as SYMBOLS } from "./symbols.ts";

const AGENT: AgentView = {
  agentId: "box-1",
  name: "box",
  version: "0.1.0",
  state: "online",
  os: "linux",
  arch: "x86_64",
  osTitle: "Debian GNU/Linux 12 (bookworm)",
  libc: "glibc 2.36",
  kernel: "6.1",
  cpuModel: "CPU",
  cpuCores: 2,
  memoryBytes: 25_000_000_000,
  diskFreeBytes: 80_000_000_000,
  readings: null,
  slots: 2,
  busy: 1,
  executors: ["host"],
  pythons: ["3.9", "3.10", "3.8", "3.13t", "3.13", "3.10"].map((feature) => ({
    feature,
    version: `${feature}.1`,
    path: "/usr/bin/python",
    foundBy: "path",
    platform: "linux-x86_64",
  })),
  osRelease: "debian-12",
  kinds: ["build", "test"],
  installsTorch: false,
  gpus: [],
  cudaToolkits: [],
  problems: [{ subject: "/usr/bin/python3.11", message: "it has no venv module; install python3.11-venv" }],
  lastSeenMs: T0,
  labels: {},
  ephemeral: false,
  hostId: "",
  mode: { name: "active", reason: "", sinceMs: 0 },
  health: { name: "good", reason: "", sinceMs: 0 },
  windows: [],
  revoked: null,
  attempts: [],
};

test("an agent that is revoked is not shown as one that may come back", () => {
  const agent = { ...AGENT, state: "offline" as const, revoked: { atMs: T0 - 300_000, reason: "stolen" } };
  const text = screenText(renderAgents([agent], 80, T0, SYMBOLS), 80);
  expect(text).toContain("✗ revoked 5 min ago");
  expect(text).not.toContain("offline");
});

test("agents show state, slots, Pythons in order, and their problems", () => {
  const agents = [
    AGENT,
    { ...AGENT, name: "mac", state: "offline" as const, os: "macos", arch: "arm64", busy: 0, problems: [] },
  ];
  expect(screenText(renderAgents(agents, 80, T0 + 300_000, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    agent  state                      busy  platform      Pythons
    box    ✓ online                   1/2   linux-x86_64  3.8 3.9 3.10 3.13 3.13t
    mac    ✗ offline, seen 5 min ago  0/2   macos-arm64   3.8 3.9 3.10 3.13 3.13t
    ! /usr/bin/python3.11: it has no venv module; install python3.11-venv
    "
  `);
  expect(screenText(renderAgents(agents, 200, T0 + 300_000, SYMBOLS), 200)).toMatchInlineSnapshot(`
    "
    agent  state                      busy  platform      Pythons                  machine
    box    ✓ online                   1/2   linux-x86_64  3.8 3.9 3.10 3.13 3.13t  2 cores, 23.3 GiB, 74.5 GiB free
    mac    ✗ offline, seen 5 min ago  0/2   macos-arm64   3.8 3.9 3.10 3.13 3.13t  2 cores, 23.3 GiB, 74.5 GiB free
    ! /usr/bin/python3.11: it has no venv module; install python3.11-venv
    "
  `);
});

test("a new farm says where it is, what it can run, and how to stop it", () => {
  const farm = {
    httpUrl: "http://127.0.0.1:8270",
    homeDir: "/home/me/.local/state/kiln",
    logsDir: "/home/me/.local/state/kiln/logs",
  };
  expect(screenText(renderFarm({ ...farm, agents: [AGENT] }, 80), 80)).toMatchInlineSnapshot(`
    "
    Farm ready at http://127.0.0.1:8270
      agent    box, 2 slots, linux-x86_64
      Pythons  3.8 3.9 3.10 3.13 3.13t
      home     /home/me/.local/state/kiln
      logs     /home/me/.local/state/kiln/logs
    Press Ctrl-C to stop.
    "
  `);
  expect(screenText(renderFarm({ ...farm, agents: [] }, 80), 80)).toContain(
    "none: nothing will run until one registers",
  );
});

test("the checklist says each state in a word, and a fix where one is needed", () => {
  const checks: readonly Check[] = [
    { name: "Node", state: "ok", found: "v24.1.0", fix: "" },
    {
      name: "nats-server",
      state: "failed",
      found: "not found",
      fix: "Install it with: sudo apt-get install nats-server (Debian, Ubuntu), or your system's package of that name.",
    },
    { name: "disk", state: "warning", found: "1.0 GiB free", fix: "Make room." },
    { name: "farm", state: "skipped", found: "none is running here", fix: "" },
  ];
  expect(screenText(renderChecklist(checks, 80, ASCII_SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    + ok       Node         v24.1.0
    x failed   nats-server  not found
                            Fix: Install it with: sudo apt-get install nats-server
                            (Debian, Ubuntu), or your system's package of that name.
    ! warning  disk         1.0 GiB free
                            Fix: Make room.
    - skipped  farm         none is running here
    "
  `);
});

test("mistakes in a file are all listed, with their line and a caret", () => {
  const sourceText = `os: available\npyhton: ['3.12']\ntest:\n\ttimeout: soon\nx: ${"y".repeat(120)}z\n`;
  const problem = (line: number, column: number, message: string, suggestion = "") => {
    return { file: "kiln.yaml", line, column, path: "", message, suggestion };
  };
  const problems = [
    problem(2, 1, 'unknown key "pyhton"', 'did you mean "python"?'),
    problem(4, 11, '"soon" is not a time', "write 10m"),
    problem(5, 124, "too long"),
    problem(99, 1, "beyond the end"),
  ];
  const error = new CliError("kiln.yaml has 4 mistakes.", { problems, sourceText, advice: "Mend them." });
  expect(screenText(renderError(error, 80), 80)).toMatchInlineSnapshot(`
    "
    kiln: kiln.yaml has 4 mistakes.
    kiln.yaml:2:1: unknown key "pyhton"; did you mean "python"?
       2 | pyhton: ['3.12']
         | ^
    kiln.yaml:4:11: "soon" is not a time; write 10m
       4 |  timeout: soon
         |           ^
    kiln.yaml:5:124: too long
       5 | ...yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyz
         |                                     ^
    kiln.yaml:99:1: beyond the end
    Mend them.
    "
  `);
});

test("a profile says how much of the kernels' machine code is the baseline's, and why some is not known", () => {
  const kernel = (sha256: string) => ({ launches: [0], architecture: "90", sha256, file: "demo/_C.so" });
  const process = (arm: "baseline" | "candidate", ...hashes: readonly string[]) => ({
    ...{ arm, pair: 1, exitCode: 0, durationMs: 1, stamp: { gpu: null, foreignCpu: null }, files: [], disturbed: "" },
    ...{ kernels: hashes.map(kernel), kernelsUnknown: arm === "candidate" ? "1 of 3 kernels have no hash: why" : "" },
  });
  const processes = [process("baseline", "a", "b"), process("candidate", "a", "c")];
  const lines = renderMeasureReport({ kind: "measure", baseline: "1.3.2", processes }, 100, SYMBOLS);
  expect(lines.map((one) => toText(one, false))).toEqual([
    "measured 1 pair beside 1.3.2",
    "machine code of 2 kernels: 1 as in 1.3.2",
    "1 of 3 kernels have no hash: why",
  ]);
});
