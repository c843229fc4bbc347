/** Numbers of the launches of one kernel. */
export interface ProfiledNames {
  /** By the symbol of the kernel. */
  readonly launches: ReadonlyMap<string, readonly number[]>;
  /** Of the device, "9.0"; null where the report does not say, or says several. */
  readonly capability: string | null;
}

/** Arguments of ncu that print the symbols of a report's kernels. */
export function namesArguments(files: { readonly report: string; readonly names: string }): readonly string[] {
  const metrics = ["major", "minor"].map((part) => `device__attribute_compute_capability_${part}`).join(",");
  const page = ["--page", "raw", "--csv", "--print-kernel-base", "mangled", "--metrics", metrics];
  return ["--import", files.report, ...page, "--log-file", files.names];
}

/** Reads what `namesArguments` has ncu print; null when there is no table. Symbols have neither quotes nor commas. */
export function readNames(csv: string): ProfiledNames | null {
  const rows = csv
    .split(/\r?\n/)
    .filter((line) => line.startsWith('"') && line.endsWith('"'))
    .map((line) => line.slice(1, -1).split('","'));
  const start = rows.findIndex(([first]) => first === "ID");
  const header = rows[start];
  if (!header) return null;
  const launches = new Map<string, number[]>();
  const capabilities = new Set<string>();
  const value = (row: readonly string[], name: string): string => row[header.indexOf(name)] ?? "";
  for (const row of rows.slice(start + 1)) {
    const symbol = value(row, "Kernel Name");
    if (row.length !== header.length || !/^\d+$/.test(row[0] ?? "") || symbol === "") continue;
    const ids = launches.get(symbol) ?? [];
    ids.push(Number(row[0]));
    launches.set(symbol, ids);
    const [major, minor] = ["major", "minor"].map((part) => value(row, `device__attribute_compute_capability_${part}`));
    const capability = major && minor ? `${major}.${minor}` : value(row, "CC");
    if (/^\d+\.\d+$/.test(capability)) capabilities.add(capability);
  }
  const [capability = null] = capabilities.size === 1 ? capabilities : [];
  return launches.size === 0 ? null : { launches, capability };
}
