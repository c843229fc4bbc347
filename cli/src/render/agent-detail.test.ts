import type { AgentDetail, GpuView } from "@kiln/proto";
import { expect, test } from "vitest";
import { screenText } from "../testing/screen-text.ts";
import { T0 } from "../testing/views.ts";
import { renderAgent } from "./agent-detail.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS as SYMBOLS } from "./symbols.ts";

const GOOD = { name: "good", reason: "", sinceMs: 0 } as const;
const MINUTE = 60_000;

const GPU: GpuView = {
  uuid: "GPU-6d5a3b7e-2c1f-4a90-8f64-0d1c2b3a4e5f",
  model: "NVIDIA A100-SXM4-80GB",
  computeCapability: "8.0",
  memoryBytes: 80 * 1024 ** 3,
  driver: "550.54.15",
  cudaDriver: "12.4",
  cudaMinorCompatible: "12",
  migMode: "",
  migSlices: [],
  eccMode: "enabled",
  eccCorrected: 3,
  eccUncorrected: 0,
  smClockMaxMhz: 1410,
  memoryClockMaxMhz: 1593,
  powerLimitWatts: 400,
  clocksLockable: { answer: "no", detail: "only root may lock clocks: run the agent as root" },
  countersReadable: { answer: "yes", detail: "ncu has read them" },
  processes: [{ pid: 4242, name: "/usr/bin/trainer", memoryBytes: 512 * 1024 ** 2 }],
  pciBusId: "00000000:3B:00.0",
  health: GOOD,
  heldBy: "r12/7#1",
};

const AGENT: AgentDetail = {
  agentId: "box-1",
  name: "box",
  version: "0.1.0",
  state: "online",
  os: "linux",
  arch: "x86_64",
  osTitle: "Debian GNU/Linux 12 (bookworm)",
  libc: "glibc 2.36",
  kernel: "6.1",
  cpuModel: "AMD EPYC",
  cpuCores: 16,
  memoryBytes: 128 * 1024 ** 3,
  diskFreeBytes: 80 * 1024 ** 3,
  readings: {
    cpuPressure: 12.5,
    memoryPressure: 0,
    ioPressure: null,
    memoryAvailableBytes: 64 * 1024 ** 3,
    gpus: [
      {
        uuid: "GPU-6d5a3b7e-2c1f-4a90-8f64-0d1c2b3a4e5f",
        utilizationPercent: 97,
        temperatureCelsius: 61,
        smClockMhz: 1410,
        memoryUsedBytes: 20 * 1024 ** 3,
      },
    ],
  },
  slots: 4,
  busy: 1,
  executors: ["host"],
  pythons: ["3.12", "3.9"].map((feature) => ({
    feature,
    version: `${feature}.1`,
    path: "/usr/bin/python",
    foundBy: "path",
    platform: "linux-x86_64",
  })),
  osRelease: "debian-12",
  kinds: ["build", "test"],
  installsTorch: true,
  gpus: [
    GPU,
    {
      ...GPU,
      uuid: "GPU-b",
      heldBy: null,
      processes: [],
      health: { name: "quarantined", reason: "GPU-b failed kernel: 17 words are wrong", sinceMs: T0 - 5 * MINUTE },
    },
  ],
  cudaToolkits: [{ version: "12.4.131", path: "/usr/local/cuda-12.4" }],
  problems: [],
  lastSeenMs: T0,
  labels: { rack: "a3", nvlink: "" },
  ephemeral: false,
  hostId: "h",
  mode: { name: "draining", reason: "new driver", sinceMs: T0 },
  health: GOOD,
  windows: [],
  revoked: null,
  attempts: [{ run: "r12", job: "test-cp312-linux-x86_64", attempt: 1, sinceMs: T0 - MINUTE }],
  reports: [
    {
      receivedAtMs: T0 - 5 * MINUTE,
      moment: "before-job",
      attempt: { run: "r12", job: 8, attempt: 1 },
      checks: [
        { name: "driver", device: "GPU-b", status: "ok", detail: "" },
        { name: "kernel", device: "GPU-b", status: "failed", detail: "17 of 16777216 words are wrong" },
      ],
    },
    {
      receivedAtMs: T0 - 60 * MINUTE,
      moment: "join",
      attempt: null,
      checks: [{ name: "disk", device: "", status: "ok", detail: "80 GiB free" }],
    },
  ],
};

test("an agent is shown with how it stands, its GPUs, and what it found of its health, in 80 columns", () => {
  const shown = screenText(renderAgent(AGENT, 80, T0, SYMBOLS), 80);
  expect(shown).toMatchInlineSnapshot(`
    "
    box  ✓ online  ! draining: new driver  ✓ good
      id          box-1
      system      Debian GNU/Linux 12 (bookworm), x86_64, glibc 2.36, kernel 6.1
      machine     16 cores of AMD EPYC, 128.0 GiB, 80.0 GiB of disk free
      now         64.0 GiB of memory available, programs wait for processors 12.5 %,
                  memory 0 % of the time
      labels      rack=a3, nvlink
      Pythons     3.9 3.12
      CUDA        12.4.131 in /usr/local/cuda-12.4
      Kiln        0.1.0
      jobs        1 of 4 slots in use; build, test jobs on host
      holds       r12 test-cp312-linux-x86_64, attempt 1, assigned 60 s ago

    GPU 0  NVIDIA A100-SXM4-80GB  ✓ good
      uuid        GPU-6d5a3b7e-2c1f-4a90-8f64-0d1c2b3a4e5f at 00000000:3B:00.0
      chip        compute capability 8.0, 80.0 GiB, 1410 MHz at most, memory 1593
                  MHz, 400 W
      now         97 % busy, 61 °C, 1410 MHz, 20.0 GiB of its memory in use
      driver      550.54.15: CUDA up to 12.4, any 12.x by minor version
                  compatibility
      ECC         on, in its life 3 errors corrected and 0 not
      held by     r12/7#1
      counters    ✓ yes ncu has read them
      clocks      ✗ no only root may lock clocks: run the agent as root
      other       process 4242, /usr/bin/trainer, holds 512.0 MiB

    GPU 1  NVIDIA A100-SXM4-80GB  ✗ quarantined
      since       5 min ago: GPU-b failed kernel: 17 words are wrong
      uuid        GPU-b at 00000000:3B:00.0
      chip        compute capability 8.0, 80.0 GiB, 1410 MHz at most, memory 1593
                  MHz, 400 W
      driver      550.54.15: CUDA up to 12.4, any 12.x by minor version
                  compatibility
      ECC         on, in its life 3 errors corrected and 0 not
      counters    ✓ yes ncu has read them
      clocks      ✗ no only root may lock clocks: run the agent as root

    health      looked              result      what was seen
    5 min ago   before-job r12/8#1  ✗ 1 failed  kernel of GPU-b: 17 of 16777216 wor…
    60 min ago  join                ✓ 1 ok
    "
  `);
});

test("MIG devices have their own health; a terminal of 200 columns cuts nothing", () => {
  const slice = { uuid: "MIG-a", profile: "1g.10gb", memoryBytes: 10 * 1024 ** 3, health: GOOD, heldBy: null };
  const gpus = [{ ...GPU, migMode: "enabled", migSlices: [slice], heldBy: null }];
  const shown = screenText(renderAgent({ ...AGENT, gpus }, 200, T0, ASCII_SYMBOLS), 200);
  expect(shown).toContain("1g.10gb, 10.0 GiB, MIG-a  + good");
  expect(shown).not.toContain("~");
});

test("an agent that has told nothing yet says so", () => {
  const bare = { ...AGENT, gpus: [], reports: [], state: "offline" as const, lastSeenMs: T0 - 3 * MINUTE };
  const shown = screenText(renderAgent(bare, 80, T0, SYMBOLS), 80);
  expect(shown).toContain("offline, seen 3 min ago");
  const revoked = { ...bare, revoked: { atMs: T0 - 3 * MINUTE, reason: "stolen" } };
  const out = screenText(renderAgent(revoked, 80, T0, SYMBOLS), 80);
  expect(out).toContain("revoked 3 min ago");
  expect(out).toContain("stolen");
  expect(shown).toContain("It has not told of its health yet.");
});
