import type { Problem, SpecProblem } from "@kiln/proto";

/** Every error that the API answers with: the closed set behind `urn:kiln:problem:…` (RFC 9457). */
export const PROBLEMS = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "upload-refused": { status: 400, title: "The file cannot be staged" },
  "file-exists": { status: 400, title: "File already exists" },
  "digest-mismatch": { status: 400, title: "The bytes have another digest" },
  "malformed-token": { status: 403, title: "This is no join token" },
  "token-unknown": { status: 403, title: "The farm does not know this token" },
  "token-foreign": { status: 403, title: "The token is of another farm" },
  "token-used": { status: 403, title: "The token is used up" },
  "token-expired": { status: 403, title: "The token has expired" },
  "clock-skew": { status: 403, title: "The clocks differ too much" },
  "agent-revoked": { status: 403, title: "The agent was revoked" },
  unauthorized: { status: 401, title: "A token is needed" },
  forbidden: { status: 403, title: "That is not allowed" },
  "no-such-secret": { status: 404, title: "There is no such secret" },
  "no-such-route": { status: 404, title: "There is nothing at this address" },
  "no-such-run": { status: 404, title: "There is no such run" },
  "no-such-job": { status: 404, title: "There is no such job" },
  "no-such-attempt": { status: 404, title: "There is no such attempt" },
  "no-such-token": { status: 404, title: "There is no such token" },
  "no-such-blob": { status: 404, title: "There is no such blob" },
  "no-such-index": { status: 404, title: "There is no such index" },
  "no-such-project": { status: 404, title: "The index does not have this project" },
  "no-such-file": { status: 404, title: "There is no such file" },
  "no-such-agent": { status: 404, title: "There is no such agent" },
  "no-such-window": { status: 404, title: "There is no such maintenance window" },
  "no-such-gpu": { status: 404, title: "The agent has no such GPU" },
  "not-acceptable": { status: 406, title: "There is no answer of this media type" },
  gone: { status: 410, title: "It was here and was removed" },
  "request-timeout": { status: 408, title: "The request took too long to arrive" },
  "too-many-tokens": { status: 409, title: "There are too many join tokens" },
  "nothing-to-retry": { status: 409, title: "There is nothing to retry" },
  "not-judged": { status: 409, title: "The run has no verdict" },
  "cannot-compare": { status: 409, title: "The run cannot be compared with itself" },
  "cannot-decide": { status: 409, title: "That cannot be decided" },
  "ambiguous-agent": { status: 409, title: "Several agents have this name" },
  "name-taken": { status: 409, title: "The name is taken" },
  "too-many-kept": { status: 409, title: "There are as many as there may be" },
  "upload-conflict": { status: 409, title: "The upload cannot go on from there" },
  "length-required": { status: 411, title: "The length must be given beforehand" },
  "too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body is of a type that is not taken here" },
  "range-not-satisfiable": { status: 416, title: "The range is outside of the blob" },
  misdirected: { status: 421, title: "This coordinator does not answer to that name" },
  "bad-spec": { status: 422, title: "The spec has mistakes" },
  "bad-window": { status: 422, title: "This cannot be a maintenance window" },
  "cannot-reuse": { status: 422, title: "The results of that run cannot be taken" },
  "secret-refused": { status: 422, title: "That cannot be a secret" },
  "source-missing": { status: 422, title: "The source was not uploaded" },
  "too-many-requests": { status: 429, title: "Too many requests in a minute" },
  "headers-too-large": { status: 431, title: "The headers are too large" },
  internal: { status: 500, title: "The coordinator failed" },
  "upstream-failed": { status: 502, title: "The upstream index failed" },
  "queue-full": { status: 503, title: "The farm's queue is full" },
  "too-many-streams": { status: 503, title: "Too many streams are open" },
  "too-many-uploads": { status: 503, title: "Too many uploads are under way" },
  "too-many-fetches": { status: 503, title: "Too much is being fetched from upstream" },
  "too-many-agents": { status: 503, title: "The farm has as many agents as it takes" },
  "no-secrets-key": { status: 503, title: "The farm's key for secrets cannot be used" },
  "not-ready": { status: 503, title: "The coordinator is not ready" },
  "storage-full": { status: 507, title: "There is no room for more" },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemName = keyof typeof PROBLEMS;

export const PROBLEM_CONTENT_TYPE = "application/problem+json";

export interface ProblemExtras {
  readonly problems?: readonly SpecProblem[];
  /** The farm's, where a clock is wrong. */
  readonly farmTimeMs?: number;
  /** Sent with the answer, for example `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown by handlers; the error handler answers with it. */
export class HttpProblem extends Error {
  readonly problem: ProblemName;
  readonly headers: Readonly<Record<string, string>>;
  readonly #problems: readonly SpecProblem[] | undefined;
  readonly #farmTimeMs: number | undefined;

  /** `detail` is for people: what is wrong, where, and what to do. */
  constructor(problem: ProblemName, detail: string, extras: ProblemExtras = {}) {
    super(detail, { cause: extras.cause });
    this.problem = problem;
    this.headers = extras.headers ?? {};
    this.#problems = extras.problems;
    this.#farmTimeMs = extras.farmTimeMs;
  }

  get status(): number {
    return PROBLEMS[this.problem].status;
  }

  body(): Problem {
    const { status, title } = PROBLEMS[this.problem];
    const problems = this.#problems ? { problems: [...this.#problems] } : {};
    const time = this.#farmTimeMs === undefined ? {} : { farmTimeMs: this.#farmTimeMs };
    return { type: `urn:kiln:problem:${this.problem}`, title, status, detail: this.message, ...problems, ...time };
  }
}
