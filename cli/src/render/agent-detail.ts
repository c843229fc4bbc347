import type { AgentDetail, GpuView, HealthReportView, HealthView } from "@kiln/proto";
import { absence } from "./agents-table.ts";
import { bytes } from "./bytes.ts";
import { comparePythons } from "./compare-pythons.ts";
import { ago } from "./duration.ts";
import { field, fieldWidth, textField } from "./field.ts";
import { line, span, type Line, type Span } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { renderTable } from "./table.ts";
import { wrapText } from "./width.ts";

/** Looks at its health that are shown, newest first. */
const REPORTS_SHOWN = 12;

interface Screen {
  readonly width: number;
  readonly nowMs: number;
  readonly symbols: Symbols;
}

/** Everything known of one agent: how it stands, its machine, each GPU, and what it found of its health. */
export function renderAgent(agent: AgentDetail, width: number, nowMs: number, symbols: Symbols): readonly Line[] {
  const screen = { width, nowMs, symbols };
  const { name, agentId, state, revoked, mode, health } = agent;
  const isHere = state === "online";
  return [
    line(
      span(`${oneLine(name)}  `, "bold"),
      isHere ? span(`${symbols.good} online`, "good") : absence(agent, nowMs, symbols),
      ...(mode.name === "active" ? [] : [span(`  ${symbols.warn} ${mode.name}${inWords(mode.reason)}`, "warn")]),
      "  ",
      healthSpan(health, symbols),
    ),
    ...healthReason(health, screen),
    ...(revoked && revoked.reason !== "" ? textField("revoked", oneLine(revoked.reason), width, symbols) : []),
    ...textField("id", agentId, width, symbols),
    ...machineLines(agent, screen),
    ...workLines(agent, screen),
    ...agent.problems.flatMap(({ subject, message }) =>
      textField("problem", `${oneLine(subject)}: ${oneLine(message)}`, width, symbols),
    ),
    ...agent.gpus.flatMap((gpu, index) => {
      const reading = agent.readings?.gpus.find(({ uuid }) => uuid === gpu.uuid);
      return [[], ...gpuLines(gpu, index, reading, screen)];
    }),
    ...reportLines(agent.reports, screen),
  ];
}

function machineLines(agent: AgentDetail, { width, symbols }: Screen): readonly Line[] {
  const { osTitle, arch, libc, kernel, cpuCores, cpuModel, memoryBytes, diskFreeBytes, pythons, cudaToolkits } = agent;
  const labels = Object.entries(agent.labels).map(([key, value]) => (value === "" ? key : `${key}=${value}`));
  const features = [...new Set(pythons.map(({ feature }) => feature))].toSorted(comparePythons);
  const text = (label: string, words: readonly string[], separator = ", ") => {
    const shown = words.filter((word) => word !== "").map(oneLine);
    return shown.length === 0 ? [] : textField(label, shown.join(separator), width, symbols);
  };
  return [
    ...text("system", [osTitle, arch, libc, kernel === "" ? "" : `kernel ${kernel}`]),
    ...text("machine", [
      `${cpuCores} cores${cpuModel === "" ? "" : ` of ${cpuModel}`}`,
      bytes(memoryBytes),
      `${bytes(diskFreeBytes)} of disk free`,
    ]),
    ...text("now", loadOf(agent)),
    ...text("labels", labels),
    ...text("Pythons", features, " "),
    ...text(
      "CUDA",
      cudaToolkits.map(({ version, path }) => `${version} in ${path}`),
    ),
    ...text("Kiln", [agent.version, agent.ephemeral ? "leaves after one job" : ""]),
  ];
}

/** Of its last heartbeat. */
function loadOf({ readings }: AgentDetail): readonly string[] {
  if (!readings) return [];
  const { cpuPressure, memoryPressure, ioPressure, memoryAvailableBytes } = readings;
  const waits = [
    ["processors", cpuPressure],
    ["memory", memoryPressure],
    ["disks", ioPressure],
  ] as const;
  const said = waits.flatMap(([what, value]) => (value === null ? [] : [`${what} ${value} %`]));
  return [
    memoryAvailableBytes === null ? "" : `${bytes(memoryAvailableBytes)} of memory available`,
    said.length === 0 ? "" : `programs wait for ${said.join(", ")} of the time`,
  ];
}

function workLines(agent: AgentDetail, { width, nowMs, symbols }: Screen): readonly Line[] {
  const { busy, slots, executors, kinds, attempts, windows } = agent;
  const jobs = `${busy} of ${slots} slots in use; ${kinds.join(", ")} jobs on ${executors.join(", ")}`;
  return [
    ...textField("jobs", jobs, width, symbols),
    ...attempts.flatMap(({ run, job, attempt, sinceMs }) =>
      textField(
        "holds",
        `${run} ${oneLine(job)}, attempt ${attempt}, assigned ${ago(nowMs - sinceMs)}`,
        width,
        symbols,
      ),
    ),
    ...windows.flatMap(({ id, fromMs, toMs, weekly, reason }) => {
      const span_ = `${utc(fromMs)} to ${utc(toMs)} UTC${weekly ? ", every week" : ""}`;
      return textField("maintenance", `${id}: ${span_}${inWords(reason)}`, width, symbols);
    }),
  ];
}

function gpuLines(gpu: GpuView, index: number, reading: Reading | undefined, screen: Screen): readonly Line[] {
  const { width, symbols } = screen;
  const text = (label: string, words: string) => (words === "" ? [] : textField(label, oneLine(words), width, symbols));
  const capability = gpu.computeCapability === "" ? "" : `compute capability ${gpu.computeCapability}, `;
  return [
    line(span(`GPU ${index}  ${oneLine(gpu.model)}  `, "bold"), healthSpan(gpu.health, symbols)),
    ...healthReason(gpu.health, screen),
    ...text("uuid", `${gpu.uuid}${gpu.pciBusId === "" ? "" : ` at ${gpu.pciBusId}`}`),
    ...text("chip", `${capability}${bytes(gpu.memoryBytes)}${clocksOf(gpu)}`),
    ...text("now", readingOf(reading)),
    ...text("driver", driverOf(gpu)),
    ...text("ECC", eccOf(gpu)),
    ...text("held by", gpu.heldBy ?? ""),
    ...probeLines("counters", gpu.countersReadable, screen),
    ...probeLines("clocks", gpu.clocksLockable, screen),
    ...gpu.migSlices.flatMap(({ uuid, profile, memoryBytes, health, heldBy }) =>
      field(
        "MIG",
        [
          line(
            `${oneLine(profile)}, ${bytes(memoryBytes)}, ${oneLine(uuid)}${heldBy === null ? "" : `, held by ${heldBy}`}  `,
            healthSpan(health, symbols),
          ),
        ],
        width,
        symbols,
      ),
    ),
    ...gpu.processes.flatMap(({ pid, name, memoryBytes }) =>
      text("other", `process ${pid}, ${name}, holds ${bytes(memoryBytes)}`),
    ),
  ];
}

function clocksOf({ smClockMaxMhz, memoryClockMaxMhz, powerLimitWatts }: GpuView): string {
  const parts = [
    smClockMaxMhz === null ? "" : `${smClockMaxMhz} MHz at most`,
    memoryClockMaxMhz === null ? "" : `memory ${memoryClockMaxMhz} MHz`,
    powerLimitWatts === null ? "" : `${powerLimitWatts} W`,
  ];
  return parts.map((part) => (part === "" ? "" : `, ${part}`)).join("");
}

type Reading = NonNullable<AgentDetail["readings"]>["gpus"][number];

function readingOf(reading: Reading | undefined): string {
  if (!reading) return "";
  const { utilizationPercent, temperatureCelsius, smClockMhz, memoryUsedBytes } = reading;
  const parts = [
    utilizationPercent === null ? "" : `${utilizationPercent} % busy`,
    temperatureCelsius === null ? "" : `${temperatureCelsius} °C`,
    smClockMhz === null ? "" : `${smClockMhz} MHz`,
    memoryUsedBytes === null ? "" : `${bytes(memoryUsedBytes)} of its memory in use`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function driverOf({ driver, cudaDriver, cudaMinorCompatible }: GpuView): string {
  const own = cudaDriver === "" ? "" : `: CUDA up to ${cudaDriver}`;
  return `${driver}${own}${cudaMinorCompatible === "" ? "" : `, any ${cudaMinorCompatible}.x by minor version compatibility`}`;
}

function eccOf({ eccMode, eccCorrected, eccUncorrected }: GpuView): string {
  if (eccMode !== "enabled") return eccMode === "disabled" ? "off" : "";
  return `on, in its life ${eccCorrected ?? "?"} errors corrected and ${eccUncorrected ?? "?"} not`;
}

function probeLines(label: string, { answer, detail }: GpuView["countersReadable"], screen: Screen): readonly Line[] {
  const { width, symbols } = screen;
  const mark = { yes: symbols.good, no: symbols.bad, unknown: symbols.unknown }[answer];
  const tone = { yes: "good", no: "warn", unknown: "dim" }[answer] as "good" | "warn" | "dim";
  const [first = "", ...rest] = wrapText(oneLine(detail), fieldWidth(width) - answer.length - 3);
  return field(
    label,
    [line(span(`${mark} ${answer} `, tone), first), ...rest.map((part) => line(part))],
    width,
    symbols,
  );
}

function reportLines(reports: readonly HealthReportView[], { width, nowMs, symbols }: Screen): readonly Line[] {
  if (reports.length === 0) return [[], line(span("It has not told of its health yet.", "dim"))];
  const rows = reports
    .slice(0, REPORTS_SHOWN)
    .map(({ receivedAtMs, moment, attempt, checks }) => [
      line(ago(nowMs - receivedAtMs)),
      line(attempt === null ? moment : `${moment} ${attempt.run}/${attempt.job}#${attempt.attempt}`),
      line(summaryOf(checks, symbols)),
      line(worstDetail(checks)),
    ]);
  const columns = [
    { title: "health" },
    { title: "looked", shrinks: true, minWidth: 8 },
    { title: "result" },
    { title: "what was seen", shrinks: true, minWidth: 12 },
  ];
  const more = reports.length - rows.length;
  return [
    [],
    ...renderTable({ columns, rows }, width, symbols.ellipsis),
    ...(more > 0 ? [line(span(`${more} older looks: --json`, "dim"))] : []),
  ];
}

function summaryOf(checks: HealthReportView["checks"], symbols: Symbols): Span {
  const count = (status: string) => checks.filter((check) => check.status === status).length;
  if (count("failed") > 0) return span(`${symbols.bad} ${count("failed")} failed`, "bad");
  if (count("warning") > 0) return span(`${symbols.warn} ${count("warning")} warned`, "warn");
  return span(`${symbols.good} ${count("ok")} ok`, "good");
}

/** What a person should read first; empty when all is well. */
function worstDetail(checks: HealthReportView["checks"]): string {
  const worst = checks.find(({ status }) => status === "failed") ?? checks.find(({ status }) => status === "warning");
  if (!worst) return "";
  return oneLine(`${worst.name}${worst.device === "" ? "" : ` of ${worst.device}`}: ${worst.detail}`);
}

function healthSpan({ name }: HealthView, symbols: Symbols): Span {
  if (name === "good") return span(`${symbols.good} good`, "good");
  return name === "suspect" ? span(`${symbols.warn} suspect`, "warn") : span(`${symbols.bad} quarantined`, "bad");
}

function healthReason({ name, reason, sinceMs }: HealthView, { width, nowMs, symbols }: Screen): readonly Line[] {
  if (name === "good") return [];
  return textField("since", `${ago(nowMs - sinceMs)}${inWords(oneLine(reason))}`, width, symbols);
}

function inWords(reason: string): string {
  return reason === "" ? "" : `: ${oneLine(reason)}`;
}

function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
