/** An error that the NVIDIA driver wrote into the kernel's log. */
export interface Xid {
  readonly number: number;
  /** "0000:3b:00": domain, bus and device, lower-case. */
  readonly pci: string;
  /** The whole line. */
  readonly line: string;
}

/**
 * Errors that programs cause and that leave the GPU sound: 13 graphics engine
 * exception, 31 page fault, 43 stopped processing, 45 preemptive cleanup, 68 video
 * processor exception, 109 context switch timeout. NVIDIA, "XID Errors", and its
 * k8s-device-plugin, which takes a device out of use for every other one.
 */
const BY_PROGRAMS: ReadonlySet<number> = new Set([13, 31, 43, 45, 68, 109]);

/** Errors in lines of the kernel's log: "NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus." */
export function parseXids(lines: readonly string[]): readonly Xid[] {
  return lines.flatMap((line) => {
    const found = /NVRM: Xid \((?:PCI:)?([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})[^)]*\): (\d{1,4})\b/.exec(
      line,
    );
    const [, pci = "", number = ""] = found ?? [];
    return found ? [{ number: Number(number), pci: pciKey(pci), line: line.trim().slice(0, 500) }] : [];
  });
}

/** Whether a program caused it, and not the GPU. */
export function isOfProgram({ number }: Xid): boolean {
  return BY_PROGRAMS.has(number);
}

/** "00000000:3B:00.0" of nvidia-smi and "0000:3b:00" of the kernel, as one. */
export function pciKey(bus: string): string {
  const [domain = "", number = "", device = ""] = bus.toLowerCase().split(":");
  return `${Number.parseInt(domain, 16).toString(16).padStart(4, "0")}:${number}:${device.split(".")[0] ?? ""}`;
}
