/** A bundle that the farm offered, beside the one that was installed. */
export interface Bundle {
  readonly sha256: string;
  /** SemVer, as it was offered. */
  readonly version: string;
  /** Number of the offer: a later offer of the same bundle has a higher one. */
  readonly offer: number;
}

export interface FailedUpdate extends Bundle {
  /** For people. */
  readonly reason: string;
}

/** Which bundle a service runs, what it ran before, and what it is trying. null in `current`: the installed one. */
export interface Versions {
  readonly current: Bundle | null;
  readonly previous: Bundle | null;
  /** Not yet known to register; `starts` counts how often it was begun. */
  readonly trial: (Bundle & { readonly starts: number }) | null;
  /** The latest that did not come up. */
  readonly failed: FailedUpdate | null;
}

export const INSTALLED: Versions = { current: null, previous: null, trial: null, failed: null };

/** A machine may be switched off in the middle of a trial: that alone says nothing against the bundle. */
const TRIAL_STARTS_MAX = 2;

/** What to do with an offer. What failed is taken again only when it is offered anew. */
export function judgeOffer(versions: Versions, offered: Bundle, runningSha256: string): "runs" | "failed" | "take" {
  if (offered.sha256 === runningSha256) return "runs";
  const { failed } = versions;
  if (failed !== null && failed.sha256 === offered.sha256 && offered.offer <= failed.offer) return "failed";
  return "take";
}

/** The bundle is on disk and verified: the next start tries it. */
export function withTrial(versions: Versions, bundle: Bundle): Versions {
  return { ...versions, trial: { ...bundle, starts: 0 } };
}

export interface Start {
  /** To be kept before the start, so that a start that takes the machine down is counted. */
  readonly versions: Versions;
  /** null: the installed one. */
  readonly bundle: Bundle | null;
  readonly isTrial: boolean;
}

/** What a service starts next. */
export function nextStart(versions: Versions): Start {
  const { trial } = versions;
  if (trial === null) return { versions, bundle: versions.current, isTrial: false };
  if (trial.starts >= TRIAL_STARTS_MAX) {
    return nextStart(afterTrial(versions, { ok: false, reason: "it was started and nothing was heard of it" }));
  }
  return { versions: { ...versions, trial: { ...trial, starts: trial.starts + 1 } }, bundle: trial, isTrial: true };
}

export type TrialEnd = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** The trial registered and becomes the current one, or did not and is rolled back. */
export function afterTrial(versions: Versions, end: TrialEnd): Versions {
  const { current, trial } = versions;
  if (trial === null) return versions;
  const { starts: _, ...bundle } = trial;
  if (!end.ok) return { ...versions, trial: null, failed: { ...bundle, reason: end.reason } };
  return { current: bundle, previous: current, trial: null, failed: null };
}

/** Digests of the bundles that are needed still; others may go. */
export function keptBundles({ current, previous, trial }: Versions): ReadonlySet<string> {
  return new Set([current, previous, trial].flatMap((bundle) => (bundle === null ? [] : [bundle.sha256])));
}
