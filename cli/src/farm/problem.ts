import type { Problem } from "@kiln/proto";
import { CliError } from "../program/cli-error.ts";

/** Reads an RFC 9457 body; null when the text is not one. */
function parseProblem(text: string): Problem | null {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    if (typeof value !== "object" || value === null || typeof value.title !== "string") return null;
    return {
      type: typeof value.type === "string" ? value.type : "about:blank",
      title: value.title,
      status: typeof value.status === "number" ? value.status : 0,
      detail: typeof value.detail === "string" ? value.detail : "",
      ...(Array.isArray(value.problems) ? { problems: value.problems } : {}),
    };
  } catch {
    return null;
  }
}

/** What the farm refused, in its own words where it gave some. */
export class FarmRefusal extends CliError {
  readonly status: number;
  /** Of the closed set `urn:kiln:problem:…`; "" where the answer was no problem. */
  readonly type: string;

  constructor(status: number, body: string, what: string, sourceText = "") {
    const problem = parseProblem(body);
    const said = problem === null ? "" : problem.detail || problem.title;
    const advice =
      status === 401 ? "The token is wrong: check KILN_TOKEN, or use the KILN_HOME of the running farm." : "";
    super(said === "" ? `The farm answered ${status} to ${what}.` : said, {
      advice,
      problems: problem?.problems ?? [],
      sourceText,
    });
    this.name = "FarmRefusal";
    this.status = status;
    this.type = problem?.type ?? "";
  }
}
