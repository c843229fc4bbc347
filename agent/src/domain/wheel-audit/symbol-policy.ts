/** The newest versions of symbols that a platform policy allows. */
interface SymbolPolicy {
  /** Minor version of glibc 2, which names the policy (PEP 600). */
  readonly glibc: number;
  /** Of libstdc++'s GLIBCXX_3.4.x and CXXABI_1.3.x. */
  readonly glibcxx: number;
  readonly cxxabi: number;
}

/** auditwheel's policies (manylinux-policy.json of 6.8) for x86_64; other machines differ in details that it checks itself. */
const POLICIES: readonly SymbolPolicy[] = [
  { glibc: 5, glibcxx: 8, cxxabi: 1 },
  { glibc: 12, glibcxx: 13, cxxabi: 3 },
  { glibc: 17, glibcxx: 19, cxxabi: 7 },
  { glibc: 24, glibcxx: 22, cxxabi: 10 },
  { glibc: 26, glibcxx: 24, cxxabi: 11 },
  { glibc: 27, glibcxx: 24, cxxabi: 11 },
  { glibc: 28, glibcxx: 24, cxxabi: 11 },
  { glibc: 31, glibcxx: 28, cxxabi: 12 },
  { glibc: 34, glibcxx: 29, cxxabi: 13 },
  { glibc: 35, glibcxx: 30, cxxabi: 13 },
  { glibc: 36, glibcxx: 30, cxxabi: 13 },
  { glibc: 37, glibcxx: 30, cxxabi: 13 },
  { glibc: 38, glibcxx: 30, cxxabi: 13 },
  { glibc: 39, glibcxx: 33, cxxabi: 15 },
  { glibc: 40, glibcxx: 33, cxxabi: 15 },
  { glibc: 41, glibcxx: 33, cxxabi: 15 },
];

const LEGACY: Readonly<Record<string, number>> = { manylinux1: 5, manylinux2010: 12, manylinux2014: 17 };

/** Symbols of the three kinds: the minor version of each, with the text that asks for it; null where there is none. */
interface Newest {
  readonly glibc: number | null;
  readonly glibcxx: number | null;
  readonly cxxabi: number | null;
}

/** The newest glibc that a file needs, "2.17"; null when it needs none by version. */
export function newestGlibc(symbolVersions: Iterable<string>): string | null {
  const { glibc } = newest(symbolVersions);
  return glibc === null ? null : `2.${glibc}`;
}

/** The oldest policy that allows all of these symbols, "manylinux_2_17"; null when none of them says anything of glibc. */
export function policyFor(symbolVersions: Iterable<string>): string | null {
  const need = newest(symbolVersions);
  if (need.glibc === null && need.glibcxx === null && need.cxxabi === null) return null;
  const policy = POLICIES.find((one) => firstBeyond(need, one) === null);
  // A policy is named for its glibc, and newer ones than the known are still to come.
  return `manylinux_2_${policy?.glibc ?? Math.max(need.glibc ?? 0, 1 + (POLICIES.at(-1)?.glibc ?? 0))}`;
}

/** A version of a symbol that a policy ("manylinux_2_17", "manylinux2014") does not allow, "GLIBC_2.34"; null when all are. */
export function beyondPolicy(symbolVersions: Iterable<string>, policy: string): string | null {
  const glibc = glibcOf(policy);
  if (glibc === null) return null;
  const known = POLICIES.findLast((one) => one.glibc <= glibc);
  if (!known) return null;
  const isNewer = glibc > (POLICIES.at(-1)?.glibc ?? 0);
  const allowed = isNewer ? { glibc, glibcxx: Infinity, cxxabi: Infinity } : { ...known, glibc };
  return firstBeyond(newest(symbolVersions), allowed);
}

/** The minor version of glibc 2 that a policy or platform tag is named for, 17; null when it is none of manylinux. */
export function glibcOf(policy: string): number | null {
  const [, legacy = "", minor] = /^(manylinux(?:1|2010|2014)|manylinux_2_(\d+))(?:_[a-z].*)?$/.exec(policy) ?? [];
  if (minor !== undefined) return Number(minor);
  return LEGACY[legacy] ?? null;
}

function firstBeyond(need: Newest, allowed: SymbolPolicy): string | null {
  if (need.glibc !== null && need.glibc > allowed.glibc) return `GLIBC_2.${need.glibc}`;
  if (need.glibcxx !== null && need.glibcxx > allowed.glibcxx) return `GLIBCXX_3.4.${need.glibcxx}`;
  if (need.cxxabi !== null && need.cxxabi > allowed.cxxabi) return `CXXABI_1.3.${need.cxxabi}`;
  return null;
}

function newest(symbolVersions: Iterable<string>): Newest {
  let [glibc, glibcxx, cxxabi]: (number | null)[] = [null, null, null];
  for (const text of symbolVersions) {
    // Not GLIBC_PRIVATE, and of the other two only those that count upwards.
    const [, name, number] = /^(GLIBC_2|GLIBCXX_3\.4|CXXABI_1\.3)(?:\.(\d{1,6})(?:\.\d+)*)?$/.exec(text) ?? [];
    const value = Number(number ?? 0);
    if (name === "GLIBC_2") glibc = Math.max(glibc ?? 0, value);
    else if (name === "GLIBCXX_3.4") glibcxx = Math.max(glibcxx ?? 0, value);
    else if (name === "CXXABI_1.3") cxxabi = Math.max(cxxabi ?? 0, value);
  }
  return { glibc: glibc ?? null, glibcxx: glibcxx ?? null, cxxabi: cxxabi ?? null };
}
