/** The coordinator's answer is final: trying again does not help. */
export class FinalError extends Error {}

/** What an answer that is no success means: client errors are final, the rest may pass. */
export function refusal(what: "fetch" | "store" | "say what it has of", response: Response): Promise<Error> {
  return refusalOf(`the coordinator did not ${what} a blob`, response);
}

/** The same of anything that was asked; `what` begins the sentence. */
export async function refusalOf(what: string, response: Response): Promise<Error> {
  const detail = (await response.text().catch(() => "")).slice(0, 300);
  const message = `${what}: HTTP ${response.status} ${detail}`.trim();
  const isFinal = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
  return isFinal ? new FinalError(message) : new Error(message);
}
