import type { SmiGpu } from "../gpu/smi-log.ts";
import { pciKey, type Xid } from "./xid.ts";

/** What earlier looks have told of already, kept on disk: each thing is told once. */
export interface HealthMemory {
  /** Lines of Xid errors of this boot; null: nobody has looked yet. */
  readonly xidLines: readonly string[] | null;
  /** ECC errors since the driver was loaded, by the GPU's uuid. */
  readonly ecc: Readonly<Record<string, { readonly corrected: number; readonly uncorrected: number }>>;
}

export const NO_MEMORY: HealthMemory = { xidLines: null, ecc: {} };

const LINES_MAX = 500;

/**
 * What the next look compares with, after one that has told of these GPUs, which
 * are on these PCI buses, and of no others. `xids` is null when the kernel's log
 * could not be read.
 */
export function remember(
  memory: HealthMemory,
  gpus: readonly SmiGpu[],
  xids: readonly Xid[] | null,
  buses: ReadonlySet<string>,
): HealthMemory {
  const counted = gpus.flatMap(({ uuid, eccVolatile: { corrected, uncorrected } }) =>
    corrected === null && uncorrected === null
      ? []
      : [[uuid, { corrected: corrected ?? 0, uncorrected: uncorrected ?? 0 }] as const],
  );
  return {
    xidLines: xids === null ? memory.xidLines : linesOf(memory.xidLines ?? [], xids, buses),
    ecc: { ...memory.ecc, ...Object.fromEntries(counted) },
  };
}

/** Lines that are still in the log and have been told of. */
function linesOf(known: readonly string[], xids: readonly Xid[], buses: ReadonlySet<string>): readonly string[] {
  const keys = new Set([...buses].map(pciKey));
  const told = new Set(known);
  return xids
    .filter(({ pci, line }) => keys.has(pci) || told.has(line))
    .map(({ line }) => line)
    .slice(-LINES_MAX);
}

/** Parses what was kept; damaged, or of another version: nothing is known. */
export function parseMemory(text: string): HealthMemory {
  try {
    const value = JSON.parse(text) as { xidLines?: unknown; ecc?: unknown };
    const { xidLines } = value;
    const lines = Array.isArray(xidLines) ? xidLines.filter((line) => typeof line === "string") : null;
    return { xidLines: lines, ecc: parseEcc(value.ecc) };
  } catch {
    return NO_MEMORY;
  }
}

function parseEcc(value: unknown): HealthMemory["ecc"] {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value as Record<string, { corrected?: unknown; uncorrected?: unknown } | null>).flatMap(
      ([uuid, counts]) => {
        const { corrected, uncorrected } = counts ?? {};
        return typeof corrected === "number" && typeof uncorrected === "number"
          ? [[uuid, { corrected, uncorrected }]]
          : [];
      },
    ),
  );
}
