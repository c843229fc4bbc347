import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { AgentUpdateView, AgentView } from "@kiln/proto";
import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { uploadFile } from "../../farm/upload-file.ts";
import { CliError } from "../../program/cli-error.ts";
import { examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { agentNamed } from "./revoke.ts";

interface Options {
  readonly all?: true;
  readonly bundle?: string;
}

const HEAD_BYTES = 1_024;
const BUNDLE_BYTES_MAX = 256 * 1024 ** 2;
const VERSION = /^\/\/ kiln-agent (\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?) /m;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("[agent]", "its name or id, as ./kiln agent list shows them")
      .option("--all", "every agent that a service runs")
      .option("--bundle <file>", "kiln-agent.mjs, as ./kiln bundle makes it; without: show what was offered")
      .addHelpText(
        "after",
        `
An agent gets no new job from then on, ends those that it has, and takes it. It
runs the new version if that registers in time, and its old one otherwise; then it
takes that bundle again only when this is typed again. Agents take updates that run
as a service.
` +
          examples(
            ["./kiln agent update gpu1 --bundle dist/kiln-agent.mjs", "offer it to one"],
            ["./kiln agent update --all", "what each runs, and how the offer went"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, [named], { all, bundle }) {
    if ((named === undefined) === (all === undefined)) {
      throw new CliError("It needs the name of an agent, or --all.", { exitCode: EXIT.usage });
    }
    const farm = await connectFarm(context);
    const agents = await farm.agents();
    const ids =
      named === undefined
        ? agents.filter(({ revoked }) => revoked === null).map(({ agentId }) => agentId)
        : [agentNamed(named, agents)];
    const file = bundle === undefined ? null : await readBundle(bundle);
    if (file) await uploadFile(farm, file, { progress: () => undefined, signal: context.interrupted });
    const updates: AgentUpdateView[] = [];
    for (const id of ids) {
      const known = await farm.agentUpdate(id);
      const isAsked = file !== null && (known.takesUpdates || named !== undefined);
      updates.push(isAsked ? await farm.updateAgent(id, { version: file.version, sha256: file.sha256 }) : known);
    }
    context.out.document({ updates });
    for (const update of updates) context.out.text(lineOf(update, agents));
    return EXIT.passed;
  },
};

function lineOf({ agentId, takesUpdates, offered }: AgentUpdateView, agents: readonly AgentView[]): string {
  const agent = agents.find((one) => one.agentId === agentId);
  const name = agent?.name ?? agentId;
  const runs = `${name} runs ${agent?.version ?? "an unknown version"}`;
  if (!takesUpdates) return `${runs} and takes no updates: no service runs it (kiln agent install)`;
  if (offered === null) return `${runs}; nothing was offered`;
  if (offered.state === "taken") return `${runs}, which was offered`;
  if (offered.state === "waiting") return `${runs}; ${offered.version} waits until it has no job`;
  return `${runs}; ${offered.version} was rolled back: ${offered.reason}`;
}

/** Throws CliError for what is no bundle. */
async function readBundle(path: string) {
  const size = await stat(path).catch((cause: unknown) => {
    throw new CliError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const version = VERSION.exec(buffer.toString("utf8", 0, bytesRead))?.[1];
  if (version === undefined || size.size > BUNDLE_BYTES_MAX) {
    throw new CliError(`${path} is no bundle of the agent.`, {
      advice: "./kiln bundle makes one: dist/kiln-agent.mjs.",
    });
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return { path, version, sizeBytes: size.size, sha256: hash.digest("hex") };
}
