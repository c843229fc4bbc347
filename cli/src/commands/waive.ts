import { CATALOGUE } from "@kiln/gate";
import { exitCodeOfVerdict } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { usageError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { userName } from "../program/user-name.ts";
import { renderVerdictReport } from "../render/verdict/verdict-report.ts";

interface Options {
  readonly reason?: string;
  readonly expires?: string;
  readonly as?: string;
  readonly digest?: string;
}

const DAY_MS = 24 * 3_600_000;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .argument("<gate>", "gate, by number or name: G16, or coverage")
      .option("--reason <text>", "why it may stay shut (needed)")
      .option("--expires <day>", "the last day on which the waiver holds, for example 2026-12-31 (needed)")
      .option("--as <name>", "who answers for it, for people to read; without it the user of this machine")
      .option("--digest <sha256>", "the candidate that was looked at; without it that of the run's verdict now")
      .addHelpText(
        "after",
        examples([
          "./kiln waive r3 coverage --reason 'generated code' --expires 2026-12-31",
          "for this candidate, until that day",
        ]) + FARM_HELP,
      );
  },
  async run(context, args, { reason, expires, as, digest }) {
    if (reason === undefined || reason.trim() === "")
      throw usageError("A waiver needs a reason.", "Write --reason TEXT");
    const expiresAtMs = endOfDay(expires);
    const gate = gateId(argument(args, 1));
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const looked = digest ?? (await client.verdict(run)).candidate.digest;
    if (looked === null)
      throw usageError(`${run} made no files: there is nothing to waive.`, `./kiln verdict ${run} says why.`);
    const onBehalfOf = userName(as, context.env);
    const view = await client.waive(run, { gate, digest: looked, onBehalfOf, reason, expiresAtMs });
    const { out } = context;
    out.document(view);
    out.lines(renderVerdictReport(view, { width: out.columns, symbols: out.symbols }));
    return exitCodeOfVerdict(view.verdict);
  },
};

function endOfDay(text: string | undefined): number {
  const advice = "Write the last day on which it holds: --expires 2026-12-31";
  if (text === undefined) throw usageError("A waiver needs an end.", advice);
  const start = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes 2026-02-30 for a day of March.
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
  if (!isDay) throw usageError(`${JSON.stringify(text)} is no day.`, advice);
  return start + DAY_MS;
}

function gateId(text: string): string {
  const found = Object.values(CATALOGUE).find(({ id, name }) => id === text.toUpperCase() || name === text);
  if (found) return found.id;
  const known = Object.values(CATALOGUE).map(({ id, name }) => `${id} ${name}`);
  throw usageError(`There is no gate ${JSON.stringify(text)}.`, `Gates: ${known.join(", ")}`);
}
