import { mibToBytes, modeOf, numberOf, sickWords } from "./smi-value.ts";
import { parseXml, type XmlElement } from "./xml-tree.ts";

/** `nvidia-smi -q -x`: everything that the driver says, by its document type nvsmi_device_v10.dtd to v13.dtd. */
export interface SmiLog {
  /** "535.104.05"; empty: not said. */
  readonly driver: string;
  /** Newest CUDA that the driver runs without restriction, "12.2"; empty: not said (drivers before 410). */
  readonly cuda: string;
  /** GPUs that have a uuid. */
  readonly gpus: readonly SmiGpu[];
}

export interface EccCounts {
  readonly corrected: number | null;
  readonly uncorrected: number | null;
}

export interface SmiGpu {
  readonly uuid: string;
  readonly pciBusId: string;
  readonly migMode: "enabled" | "disabled" | "";
  /** Memory of MIG devices by their index on this GPU. */
  readonly migMemoryBytes: ReadonlyMap<number, number>;
  readonly eccMode: "enabled" | "disabled" | "";
  /** Since the driver was loaded. */
  readonly eccVolatile: EccCounts;
  /** In the GPU's life. */
  readonly eccAggregate: EccCounts;
  readonly smClockMaxMhz: number | null;
  readonly memoryClockMaxMhz: number | null;
  readonly powerLimitWatts: number | null;
  /** Whether it lists clocks that it can be set to. */
  readonly listsClocks: boolean;
  readonly memoryBytes: number | null;
  readonly memoryUsedBytes: number | null;
  readonly temperatureCelsius: number | null;
  /** Why its clocks are held down, in the driver's words; those that hurt only. */
  readonly slowdowns: readonly string[];
  /** What the driver wants done before the GPU is used again; empty: nothing. */
  readonly wants: string;
  /** A row of memory could not be replaced. */
  readonly isRemapFailed: boolean;
  /** Memory is replaced at the next reset. */
  readonly isRepairPending: boolean;
  readonly processes: readonly SmiProcess[];
  /** What the driver says of a GPU, or a part of it, that it has lost; empty: nothing of the kind. */
  readonly sick: string;
}

export interface SmiProcess {
  readonly pid: number;
  /** It computes, and does not only draw. */
  readonly computes: boolean;
  readonly name: string;
  readonly memoryBytes: number;
}

/** Reasons that stand for heat, power or a fault; idle and limits that somebody has set do not. */
const SLOWDOWNS = ["hw_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown", "sw_thermal_slowdown"];
const SICK_FIELDS_MAX = 5;

/** Reads it; null: this is no such document. */
export function parseSmiLog(text: string): SmiLog | null {
  const root = parseXml(text);
  if (root?.name !== "nvidia_smi_log") return null;
  return {
    driver: root.value("driver_version") ?? "",
    cuda: /^\d+\.\d+$/.exec(root.value("cuda_version") ?? "")?.[0] ?? "",
    gpus: root.all("gpu").flatMap((gpu) => {
      const uuid = gpu.value("uuid") ?? "";
      return /^GPU-[\w-]+$/.test(uuid) ? [readGpu(gpu, uuid)] : [];
    }),
  };
}

function readGpu(gpu: XmlElement, uuid: string): SmiGpu {
  const power = gpu.find("gpu_power_readings") ?? gpu.find("power_readings");
  return {
    uuid,
    pciBusId: gpu.value("pci", "pci_bus_id") ?? "",
    migMode: modeOf(gpu.value("mig_mode", "current_mig")),
    migMemoryBytes: new Map(
      (gpu.find("mig_devices")?.all("mig_device") ?? []).flatMap((slice) => {
        const index = numberOf(slice.value("index"));
        return index === null ? [] : [[index, mibToBytes(slice.value("fb_memory_usage", "total")) ?? 0]];
      }),
    ),
    eccMode: modeOf(gpu.value("ecc_mode", "current_ecc")),
    eccVolatile: eccCounts(gpu.find("ecc_errors", "volatile")),
    eccAggregate: eccCounts(gpu.find("ecc_errors", "aggregate")),
    smClockMaxMhz: numberOf(gpu.value("max_clocks", "sm_clock")),
    memoryClockMaxMhz: numberOf(gpu.value("max_clocks", "mem_clock")),
    powerLimitWatts: rounded(numberOf(power?.value("current_power_limit") ?? power?.value("power_limit"))),
    listsClocks: gpu.find("supported_clocks", "supported_mem_clock") !== undefined,
    memoryBytes: mibToBytes(gpu.value("fb_memory_usage", "total")),
    memoryUsedBytes: mibToBytes(gpu.value("fb_memory_usage", "used")),
    temperatureCelsius: numberOf(gpu.value("temperature", "gpu_temp")),
    slowdowns: slowdownsOf(gpu),
    wants: wantsOf(gpu),
    isRemapFailed: gpu.value("remapped_rows", "remapped_row_failure") === "Yes",
    isRepairPending:
      gpu.value("remapped_rows", "remapped_row_pending") === "Yes" ||
      gpu.value("retired_pages", "pending_retirement") === "Yes",
    processes: (gpu.find("processes")?.all("process_info") ?? []).flatMap(readProcess),
    sick: sickFields(gpu).join("; "),
  };
}

/** Sums what a driver counts one by one; older ones have a total. Null: it counts nothing. */
function eccCounts(counts: XmlElement | undefined): EccCounts {
  const sum = (total: string, isOf: RegExp): number | null => {
    const whole = numberOf(counts?.value(total, "total"));
    if (whole !== null) return whole;
    const parts = (counts?.children ?? []).filter(({ name }) => isOf.test(name)).map(({ text }) => numberOf(text));
    const known = parts.filter((count) => count !== null);
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
  };
  return {
    corrected: sum("single_bit", /^[sd]ram_correctable$/),
    uncorrected: sum("double_bit", /^[sd]ram_uncorrectable/),
  };
}

function slowdownsOf(gpu: XmlElement): readonly string[] {
  // Named anew with driver 535.
  const reasons = gpu.find("clocks_event_reasons") ?? gpu.find("clocks_throttle_reasons");
  return (reasons?.children ?? []).flatMap(({ name, text }) => {
    const reason = /^clocks_(?:event|throttle)_reason_(\w+)$/.exec(name)?.[1] ?? "";
    return text.trim() === "Active" && SLOWDOWNS.includes(reason) ? [reason.replaceAll("_", " ")] : [];
  });
}

function wantsOf(gpu: XmlElement): string {
  const action = gpu.value("gpu_recovery_action") ?? "";
  if (action !== "" && !/^(?:None|N\/A|\[N\/A\]|Requested functionality has been deprecated)$/.test(action))
    return action;
  return gpu.value("gpu_reset_status", "reset_required") === "Yes" ? "Reset" : "";
}

function readProcess(info: XmlElement): readonly SmiProcess[] {
  const pid = numberOf(info.value("pid"));
  if (pid === null || pid === 0) return [];
  return [
    {
      pid,
      computes: (info.value("type") ?? "").includes("C"),
      // Arguments may hold what is nobody's business.
      name: (info.value("process_name") ?? "").split(" -", 1)[0]?.slice(0, 256) ?? "",
      memoryBytes: mibToBytes(info.value("used_memory")) ?? 0,
    },
  ];
}

/** "temperature: Unknown Error" of every field that the driver could not read, and a few at most. */
function sickFields(element: XmlElement): readonly string[] {
  const found: string[] = [];
  const look = (one: XmlElement): void => {
    if (found.length >= SICK_FIELDS_MAX || one.name === "processes") return;
    const words = sickWords(one.text);
    if (words !== null && one.children.length === 0) found.push(`${one.name}: ${words}`);
    one.children.forEach(look);
  };
  look(element);
  return found;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
