import type { Citation } from "./record.ts";
import { askLists, cite, type TorchCell } from "./torch-cell.ts";
import type { TorchRelease } from "./torch-release.ts";

/** Platform tag of the PyTorch wheel that a cell needs; null when no document that was read names it. */
export function torchWheelTag(
  release: TorchRelease,
  cell: TorchCell,
): { readonly tag: string; readonly citation: Citation } | null {
  const listed = askLists(release, cell);
  if (listed.kind === "listed") return { tag: listed.wheel.tag, citation: listed.citation };
  if (listed.kind === "not-listed") return null;
  const { platform } = cell;
  // One build makes the wheels of all variants, so their tags agree with those that are known.
  const { pypi, cpuIndex } = release.lists;
  const other = [...(pypi?.get(platform)?.values() ?? []), ...(cpuIndex?.wheels.get(platform)?.values() ?? [])]
    .flatMap((pythons) => [...pythons.values()])
    .toSorted((a, b) => (a.tag < b.tag ? -1 : 1))[0];
  if (other) return { tag: other.tag, citation: cite(release, "pypi-wheels", "cpu-index-wheels") };
  if (platform === "linux-x86_64" && release.pypiLinuxTag !== null) {
    return { tag: release.pypiLinuxTag, citation: cite(release, "pypi-tag") };
  }
  const aarch64 = platform === "linux-aarch64" ? release.aarch64CpuTags?.[0] : undefined;
  const mac = release.macosTags?.get(platform)?.[0];
  const tag = aarch64 ?? mac;
  return tag === undefined ? null : { tag, citation: cite(release, "wheels", "pypi-wheels", "cpu-index-wheels") };
}
