/** The coordinator's answer is final: trying again does not help. */
export class FinalError extends Error {}

/** What an answer that is no success means: client errors are final, the rest may pass. */
export async function refusal(what: "fetch" | "store" | "say what it has of", response: Response): Promise<Error> {
  const detail = (await response.text().catch(() => "")).slice(0, 300);
  const message = `the coordinator did not ${what} a blob: HTTP ${response.status} ${detail}`.trim();
  const isFinal = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
  return isFinal ? new FinalError(message) : new Error(message);
}
