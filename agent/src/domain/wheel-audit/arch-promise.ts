import type { DeviceCode } from "./binary-facts.ts";

/** What an entry of TORCH_CUDA_ARCH_LIST promises. */
interface ArchPromise {
  /** "80", "90a" */
  readonly sm: string;
  readonly withPtx: boolean;
}

/** Reads "8.0", "9.0a" or "10.0+PTX"; null when it is none of them. */
function parseArch(text: string): ArchPromise | null {
  const [, major, minor, suffix, ptx] = /^(\d{1,2})\.(\d)([af]?)(\+PTX)?$/.exec(text) ?? [];
  return major === undefined ? null : { sm: `${major}${minor}${suffix}`, withPtx: ptx !== undefined };
}

/** What is promised and is not there, "sm_90" or "PTX for 90"; empty when the promise is kept. */
export function missingCode(archList: readonly string[], device: DeviceCode): readonly string[] {
  const missing: string[] = [];
  for (const text of archList) {
    const promise = parseArch(text);
    if (!promise) missing.push(`${text}, which no device code can be`);
    else {
      if (!device.machineCode.includes(promise.sm)) missing.push(`sm_${promise.sm}`);
      if (promise.withPtx && !device.ptx.includes(promise.sm)) missing.push(`PTX for ${promise.sm}`);
    }
  }
  return missing;
}

/** Architectures with machine code that nobody promised. */
export function unpromisedCode(archList: readonly string[], device: DeviceCode): readonly string[] {
  const promised = new Set(archList.map((text) => parseArch(text)?.sm));
  return device.machineCode.filter((sm) => !promised.has(sm)).map((sm) => `sm_${sm}`);
}

/** "sm_80, sm_90 and PTX for 90", or "no device code". */
export function deviceText({ machineCode, ptx }: DeviceCode): string {
  const parts = [...machineCode.map((sm) => `sm_${sm}`), ...ptx.map((sm) => `PTX for ${sm}`)];
  return parts.length === 0 ? "no device code" : parts.join(", ");
}
