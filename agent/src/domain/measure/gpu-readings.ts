import type { GpuStamp } from "../report.ts";

/** What holds the clocks down, as drivers since 535 call it, and as those before do. */
export const REASON_FIELDS = ["clocks_event_reasons.active", "clocks_throttle_reasons.active"] as const;
export type ReasonField = (typeof REASON_FIELDS)[number];

/** Fields of `nvidia-smi --query-gpu`, in the order of the columns, before one of REASON_FIELDS; drivers since 450 know them all. */
const FIELDS = [
  "uuid",
  "driver_version",
  "clocks.sm",
  "clocks.max.sm",
  "clocks.default_applications.graphics",
  "utilization.gpu",
  "temperature.gpu",
  "power.draw",
] as const;

export function readingFields(reasons: ReasonField): readonly string[] {
  return [...FIELDS, reasons];
}

/** Bits of clocks_event_reasons.active (NVML, nvmlClocksEventReasons); the idle bit is none of interest. */
const THROTTLE_REASONS: readonly (readonly [number, string])[] = [
  [0x2, "applications clocks setting"],
  [0x4, "software power cap"],
  [0x8, "hardware slowdown"],
  [0x10, "sync boost"],
  [0x20, "software thermal slowdown"],
  [0x40, "hardware thermal slowdown"],
  [0x80, "hardware power brake"],
  [0x100, "display clocks setting"],
];

/** Readings of one GPU while a process used it, and what they come to. */
export class GpuReadings {
  #uuid = "";
  #driver = "";
  #before: number | null = null;
  #after: number | null = null;
  #default: number | null = null;
  #temperature: number | null = null;
  #power: number | null = null;
  #reasons = 0;

  /** A line of CSV without header and units. What is no reading is passed over. */
  take(line: string): void {
    const values = line.split(",").map((value) => value.trim());
    if (values.length !== FIELDS.length + 1) return;
    const [uuid = "", driver = "", , , , , , , reasons = ""] = values;
    const [clock, clockMax, clockDefault, utilization, temperature, power] = values.slice(2, 8).map(number);
    this.#uuid = uuid;
    this.#driver = driver;
    this.#default = clockDefault ?? clockMax ?? this.#default;
    this.#temperature = Math.max(temperature ?? 0, this.#temperature ?? 0) || null;
    // An idle GPU runs slowly by design: only the clock under load says something.
    if (!utilization || clock === null || clock === undefined) return;
    this.#before ??= clock;
    this.#after = clock;
    this.#power = Math.max(power ?? 0, this.#power ?? 0) || null;
    this.#reasons |= /^0x[0-9a-f]+$/i.test(reasons) ? Number(BigInt(reasons) & 0xffffn) : 0;
  }

  stamp(otherProcesses: number | null): GpuStamp | null {
    if (this.#uuid === "") return null;
    const [before, after] = [this.#before, this.#after];
    return {
      uuid: this.#uuid,
      driver: this.#driver,
      smClockMhz: before === null || after === null ? null : { before, after },
      defaultSmClockMhz: this.#default,
      temperatureC: this.#temperature,
      powerW: this.#power,
      throttleReasons: THROTTLE_REASONS.filter(([bit]) => (this.#reasons & bit) !== 0).map(([, name]) => name),
      otherProcesses,
    };
  }
}

/** Processes on a device in `nvidia-smi --query-compute-apps=pid,gpu_uuid`; null for what is no answer to it. */
export function countProcesses(output: string, uuid: string): number | null {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  if (!lines.every((line) => /^\s*[0-9]+\s*,\s*(?:GPU|MIG)-/.test(line))) return null;
  return lines.filter((line) => line.split(",")[1]?.trim() === uuid).length;
}

/** "[N/A]" and the like are none. */
function number(text: string | undefined): number | null {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? value : null;
}
