import type { Context } from "../program/context.ts";
import { LiveReporter } from "./live-reporter.ts";
import { PlainReporter } from "./plain-reporter.ts";
import { SILENT_REPORTER, type Reporter } from "./reporter.ts";

/** The reporter that suits the output: a table on a terminal, lines elsewhere, nothing with `--json`. */
export function chooseReporter(context: Context, hint = "Ctrl-C stops watching; the run goes on."): Reporter {
  if (context.json) return SILENT_REPORTER;
  return context.out.live ? new LiveReporter(context, hint) : new PlainReporter(context);
}
