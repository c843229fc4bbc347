import type { WheelWish } from "../job.ts";
import { deviceText, missingCode, unpromisedCode } from "./arch-promise.ts";
import type { DeviceCode } from "./binary-facts.ts";
import { gpuName, type Findings } from "./check-kind.ts";

const NAMED_MAX = 20;

/** Whether the promised device code is there. `binaries` counts the files that it was looked for in; none of them is a case of `checkKind`. */
export function checkDevice(
  wish: WheelWish | null,
  { device, binaries }: { readonly device: DeviceCode; readonly binaries: number },
  { faults, remarks }: Findings,
): void {
  const hasCode = device.machineCode.length + device.ptx.length > 0;
  // ROCm's code objects are not read.
  if (!wish?.cuda || !/^\d/.test(wish.cuda)) {
    if (hasCode && wish?.cuda === null)
      remarks.push(`it holds device code (${deviceText(device)}) that nothing asked for`);
    return;
  }
  if (binaries === 0) return;
  if (!hasCode) {
    const promised = wish.archList.length > 0 ? ` for ${wish.archList.join(" ")}` : "";
    const where = binaries === 1 ? "its one binary holds" : `its ${binaries} binaries hold`;
    faults.push(`silent CPU fallback: ${where} no device code, and ${gpuName(wish.cuda)} code${promised} was promised`);
    return;
  }
  const missing = missingCode(wish.archList, device);
  if (missing.length > 0) {
    const promised = wish.archList.join(" ");
    faults.push(`${listed(missing)} is missing: ${promised} was promised, and it holds ${deviceText(device)}`);
  }
  const more = wish.archList.length === 0 ? [] : unpromisedCode(wish.archList, device);
  if (more.length > 0) remarks.push(`it holds ${listed(more)} beyond what was promised`);
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, NAMED_MAX);
  return shown.join(", ") + (items.length > NAMED_MAX ? ` and ${items.length - NAMED_MAX} more` : "");
}
