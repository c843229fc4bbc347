import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { parsePressure, type Pressure } from "../../domain/pressure.ts";

/** How long programs wait for processors, memory and disks; null where the system does not say. */
export function readPressure(): Pressure {
  const [cpu = null, memory = null, io = null] = ["cpu", "memory", "io"].map((name) =>
    parsePressure(readText(`/proc/pressure/${name}`)),
  );
  return { cpu, memory, io };
}

/** Bytes that programs can have without swapping; null where the system does not say. */
export function memoryAvailableBytes(): number | null {
  if (process.platform !== "linux") return freemem();
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readText("/proc/meminfo") ?? "")?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not Linux, or a kernel without pressure stall information.
    return null;
  }
}
