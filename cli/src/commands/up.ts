import { once } from "node:events";
import { EXIT } from "../exit-code.ts";
import { FarmClient } from "../farm/client.ts";
import { findHome, type Home } from "../farm/home.ts";
import { upstreamSettings } from "../package-index/upstream-settings.ts";
import { usageError } from "../program/cli-error.ts";
import { examples, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import { renderFarm } from "../render/farm-summary.ts";
import { parseHost } from "../supervise/farm-host.ts";
import { parsePortBase, PORT_BASE, portsFrom } from "../supervise/ports.ts";
import { startFarm, type RunningFarm } from "../supervise/start-farm.ts";

interface Options {
  readonly host?: string;
  readonly portBase: string;
  readonly slots?: string;
  /** False with `--no-agent`. */
  readonly agent: boolean;
}

const SLOTS_MAX = 1_000;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .option(
        "--host <address[,name…]>",
        "address to listen on, and names that the farm is reached by (default: 127.0.0.1)",
      )
      .option("--port-base <port>", "first of three ports in a row: HTTP, gRPC, NATS", String(PORT_BASE))
      .option("--slots <count>", "jobs that this machine runs at a time (default: its cores)")
      .option("--no-agent", "run no jobs on this machine")
      .addHelpText(
        "after",
        `
Runs NATS, the coordinator and an agent until Ctrl-C, which stops them in order; a second Ctrl-C kills them.
Everything is kept in KILN_HOME (default: ~/.local/state/kiln), and listens on 127.0.0.1 only unless --host says otherwise.
Everything is over TLS with the farm's own certificates; machines join by kiln agent token and kiln agent join.
A process that dies is started again, at most 5 times a minute. Logs are in KILN_HOME/logs.
` +
          examples(
            ["./kiln up", "a farm at https://127.0.0.1:8270"],
            ["./kiln up --host 10.0.0.5,farm.example", "a farm for other machines, too"],
            ["./kiln up --slots 1", "one job at a time"],
            ["KILN_HOME=/tmp/second ./kiln up --port-base 9270", "a second farm beside it"],
            ["./kiln up --json", "addresses and process ids, once all is ready"],
          ),
      );
  },
  async run(context, _args, options) {
    const base = parsePortBase(options.portBase);
    const slots = parseSlots(options.slots);
    const home = findHome(context.env);
    const note = (text: string): void => context.out.note(text);
    const farm = await startFarm({
      home,
      ...(options.host === undefined ? {} : { host: parseHost(options.host) }),
      ports: portsFrom(base),
      env: context.env,
      coordinatorEnv: upstreamSettings(context.env, note),
      agent: options.agent,
      slots,
      nowMs: context.nowMs,
      note,
      signal: context.interrupted,
      killSignal: context.interruptedAgain,
    });
    try {
      await say(context, home, farm);
      const failure = await Promise.race([farm.failed, interrupted(context.interrupted)]);
      if (failure !== null) throw failure;
      context.out.note("Stopping; Ctrl-C again kills.");
    } finally {
      await farm.stop();
    }
    return EXIT.passed;
  },
};

function parseSlots(text: string | undefined): number | null {
  if (text === undefined) return null;
  const slots = Number(text);
  if (/^\d+$/.test(text) && slots >= 1 && slots <= SLOTS_MAX) return slots;
  throw usageError(`--slots ${text} is not a number from 1 to ${SLOTS_MAX}.`);
}

async function say(context: Context, home: Home, farm: RunningFarm): Promise<void> {
  const client = new FarmClient({ url: farm.httpUrl, token: farm.token, from: home.farmFile, homeDir: home.dir });
  const agents = await client.agents();
  const { httpUrl, grpcAddress, natsUrl } = farm;
  // Without the token: what is printed is copied into issues.
  context.out.document({
    httpUrl,
    grpcAddress,
    natsUrl,
    home: home.dir,
    farmFile: home.farmFile,
    pids: await farm.pids(),
    agents,
  });
  context.out.lines(renderFarm({ httpUrl, homeDir: home.dir, logsDir: home.logsDir, agents }, context.out.columns));
}

async function interrupted(signal: AbortSignal): Promise<null> {
  if (!signal.aborted) await once(signal, "abort");
  return null;
}
