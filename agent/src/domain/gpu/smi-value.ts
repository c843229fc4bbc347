const MIB = 1024 * 1024;

/**
 * Words of a driver that has lost a GPU, or a part of it. Documented for NVML as
 * NVML_ERROR_UNKNOWN, NVML_ERROR_GPU_IS_LOST and NVML_ERROR_RESET_REQUIRED;
 * nvidia-smi's table shortens them to "ERR!".
 */
const SICK = /ERR!|Unknown Error|GPU is lost|(?:GPU )?requires reset|Unable to determine the device handle/i;

/** What the driver says of a GPU that it cannot use; null when it says nothing of the kind. */
export function sickWords(text: string): string | null {
  return SICK.test(text) ? text.trim().slice(0, 200) : null;
}

/** A whole or decimal number in front of its unit, "81559 MiB" or "500.00 W"; null for "[N/A]" and other words. */
export function numberOf(text: string | undefined): number | null {
  const digits = /^\s*(\d{1,15}(?:\.\d{1,6})?)(?:\s|$)/.exec(text ?? "")?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Bytes of a size in MiB, the only unit that nvidia-smi writes sizes in. */
export function mibToBytes(text: string | undefined): number | null {
  const count = numberOf(text);
  return count === null ? null : Math.round(count * MIB);
}

/** A mode as the driver writes it; empty where the GPU has none. */
export function modeOf(text: string | undefined): "enabled" | "disabled" | "" {
  if (/^enabled$/i.test(text?.trim() ?? "")) return "enabled";
  return /^disabled$/i.test(text?.trim() ?? "") ? "disabled" : "";
}
