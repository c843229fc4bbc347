import { normalName } from "../../domain/wheel-name.ts";
import { runIndexPath, type IndexAccess, type RunIndex } from "./run-index.ts";

const ANSWER_MS = 10_000;
const DETAIL_CHARS_MAX = 500;

export interface IndexRefusal {
  /** A sentence: why the index does not have it. */
  readonly detail: string;
  /** The farm or what stands behind it is at fault, and not what was asked for. */
  readonly isFarms: boolean;
}

/** Asks a run's index why it does not offer a project; null when it does, or gives no reason. */
export async function askProject(
  access: IndexAccess,
  index: RunIndex,
  project: string,
  signal: AbortSignal,
): Promise<IndexRefusal | null> {
  const answer = await ask(access, `${runIndexPath(index)}${normalName(project)}/`, signal);
  if (answer === null || answer.status === 200 || typeof answer.body.detail !== "string") return null;
  const isFarms = answer.status >= 500 || answer.body.detail.includes("KILN_UPSTREAM_INDEX");
  return { detail: cut(answer.body.detail), isFarms };
}

/** Asks why a wheel that the run has built is not on its index; null when it is, or nobody knows. */
export async function askWheel(
  access: IndexAccess,
  run: number,
  sha256: string,
  signal: AbortSignal,
): Promise<IndexRefusal | null> {
  const answer = await ask(access, `/api/v1/runs/r${run}/staged`, signal);
  const refused = answer?.body.refused?.find((one) => one.sha256 === sha256);
  return typeof refused?.reason === "string" ? { detail: cut(refused.reason), isFarms: false } : null;
}

/** The parts of a problem (RFC 9457) and of a run's staged files that are looked at. */
interface Answer {
  readonly detail?: unknown;
  readonly refused?: readonly { readonly sha256?: unknown; readonly reason?: unknown }[];
}

/** null when there is no answer that can be read: pip's own words have to do then. */
async function ask(
  access: IndexAccess,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: Answer } | null> {
  try {
    const response = await access.get(path, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    const type = response.headers.get("content-type") ?? "";
    if (!/^application\/(?:problem\+)?json\b/.test(type)) return null;
    return { status: response.status, body: (await response.json()) as Answer };
  } catch {
    return null;
  }
}

function cut(text: string): string {
  return text.slice(0, DETAIL_CHARS_MAX).toWellFormed();
}
