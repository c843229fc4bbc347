import { mkdirSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { fingerprintOf } from "@kiln/identity";
import { writeSettings, type AgentSettings } from "../adapters/disk/agent-settings.ts";
import { CredentialFolder } from "../adapters/disk/credential-folder.ts";
import { lockHome } from "../adapters/disk/home-lock.ts";
import { readInventory } from "../adapters/inventory/read-inventory.ts";
import { enrol } from "../adapters/join/enrol.ts";
import { probePorts } from "../adapters/join/probe-ports.ts";
import { readConfig, type AgentConfig } from "../config.ts";
import { joinFailureWords, time } from "../domain/join/join-failure.ts";
import { proxyFor } from "../domain/join/proxy-variables.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Inventory } from "../ports/inventory.ts";
import { checklistText, wrap, type Check } from "./checklist.ts";
import { run } from "./run.ts";

interface Options {
  readonly token?: string;
  readonly name?: string;
  readonly label: readonly string[];
  readonly slots?: string;
  readonly executor?: string;
  readonly run: boolean;
  readonly ephemeral?: boolean;
  readonly force?: boolean;
}

/** Makes this machine an agent of a farm, says what it found, and goes on as the running agent. */
export async function join(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const command = parse(args);
  if (typeof command === "number") return command;
  const options = command.opts<Options>();
  const [url = ""] = command.args;
  const token = options.token ?? env["KILN_JOIN_TOKEN"] ?? "";
  const settings = settingsOf(options);
  const parsed = readConfig(withoutJoin(env), settings);
  if (!parsed.ok) return say(EXIT.usage, ...parsed.problems);
  const { config } = parsed;

  mkdirSync(config.folder, { recursive: true, mode: 0o700 });
  const locked = lockHome(config.folder);
  if (!locked.ok) {
    return say(
      EXIT.couldNotRun,
      `An agent is running in ${config.folder} (process ${locked.pid}).`,
      "Stop it first; or set KILN_AGENT_DIR to another folder for a second agent on this machine.",
    );
  }
  let inventory: Inventory;
  {
    using _ = locked.lock;
    const folder = new CredentialFolder(config.folder);
    // Not whole: joining again is what replaces them.
    const known = options.force === true ? null : folder.read();
    if (known) return say(EXIT.couldNotRun, ...joinedAlready(known));
    const looking = readInventory(config.folder);
    const { name } = config;
    const keys = () => folder.joiningKeys(token, name);
    const result = await enrol({ url, token, name, keys }, { env, nowMs: () => Date.now() });
    inventory = await looking;
    if (!result.ok) {
      const { message, advice } = joinFailureWords(result.failure);
      return say(EXIT.couldNotRun, message, advice);
    }
    writeSettings(config.folder, settings);
    folder.write(result.credentials);
    const reached = await report(result.credentials, result.clockApartMs, config, inventory, env);
    if (!reached) {
      return say(
        EXIT.couldNotRun,
        "This machine has joined, but cannot work before what failed is put right.",
        "Then type: kiln agent run. The token is used, and not needed for that.",
      );
    }
  }
  if (options.run) return run(withoutJoin(env), { inventory });
  return say(EXIT.stopped, "This machine has joined. To start its agent, type: kiln agent run.");
}

function parse(args: readonly string[]): Command | ExitCode {
  const repeated = (one: string, before: readonly string[]): readonly string[] => [...before, one];
  const command = new Command("kiln agent join")
    .description("Makes this machine an agent of the farm at URL, and runs it until Ctrl-C.")
    .argument("<url>", "the farm's address, as kiln agent token printed it: https://HOST:PORT")
    .option("--token <token>", "of kiln agent token (or: the variable KILN_JOIN_TOKEN)")
    .option("--name <name>", "for people (default: this host's name)")
    .addOption(
      new Option("--label <key=value>", "what jobs may ask for; may be repeated")
        .argParser(repeated)
        .default([], "none"),
    )
    .option("--slots <count>", "jobs at a time (default: its cores)")
    .option("--executor <kind>", "host: jobs are this user's processes; docker: containers")
    .option("--no-run", "only join")
    .option("--ephemeral", "take one job, then leave the farm")
    .option("--force", "also when this machine is an agent of a farm already")
    .helpOption("-h, --help", "show this help")
    .configureHelp({ helpWidth: 80 })
    .exitOverride();
  try {
    return command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
  }
}

/** What is kept for every later start, as the variables that it stands for. */
function settingsOf({ name, label, slots, executor, ephemeral }: Options): AgentSettings {
  return {
    ...(name === undefined ? {} : { KILN_AGENT_NAME: name }),
    ...(label.length === 0 ? {} : { KILN_AGENT_LABELS: label.join(",") }),
    ...(slots === undefined ? {} : { KILN_SLOTS: slots }),
    ...(executor === undefined ? {} : { KILN_EXECUTOR: executor }),
    ...(ephemeral === true ? { KILN_EPHEMERAL: "1" } : {}),
  };
}

/** The command line says which farm; a variable for another one does not count. */
function withoutJoin({ KILN_FARM_URL: _url, KILN_JOIN_TOKEN: _token, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}

function joinedAlready({ agentId, farm }: Credentials): readonly string[] {
  return [
    `This machine is agent ${agentId} of the farm at ${farm.httpUrl} already.`,
    "kiln agent run starts it. To join another farm, type kiln agent leave first; --force joins without telling that one.",
  ];
}

/** Prints what there is. False: a port of the farm cannot be reached. */
async function report(
  credentials: Credentials,
  clockApartMs: number | null,
  config: AgentConfig,
  inventory: Inventory,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const { farm, agentId, authorityPem, notAfterMs } = credentials;
  const { hostname } = new URL(farm.httpUrl);
  const proxy = proxyFor(hostname, env);
  const checks: Check[] = [
    ok("farm", `${farm.httpUrl}, fingerprint ${fingerprintOf(authorityPem)}`),
    ok("agent", `${agentId}, certificate until ${time(notAfterMs)}, renewed by itself`),
    ok("clock", clockText(clockApartMs)),
    ...(await probePorts(credentials)).map(({ name, address, problem }): Check =>
      problem === null ? ok(name, address) : { name, state: "failed", found: problem.message, fix: problem.advice },
    ),
  ];
  const hasFailed = checks.some(({ state }) => state === "failed");
  if (proxy !== null) {
    const found = `${proxy.variable} is set: the agent does not use it, programs in jobs may.`;
    checks.push({ name: "proxy", state: "warning", found, fix: `Put ${hostname} into NO_PROXY.` });
  }
  checks.push(...machineChecks(config, inventory));
  process.stdout.write(checklistText(checks));
  return !hasFailed;
}

function machineChecks(config: AgentConfig, { pythons, gpus, problems }: Inventory): readonly Check[] {
  const jobs = ok(
    "jobs",
    `${config.slots} at a time, ${config.executor === "docker" ? "in containers" : `executor ${config.executor}`}`,
  );
  const gpuCheck = gpus.length === 0 ? [] : [ok("GPUs", gpus.map(({ model }) => model).join(", "))];
  const found = [...new Set(pythons.map(({ feature }) => feature))].join(", ");
  const python: Check =
    found !== "" || config.executor !== "host"
      ? ok("Pythons", found === "" ? "those of the jobs' images" : found)
      : {
          name: "Pythons",
          state: "warning",
          found: "none that jobs can use",
          fix: "Install a CPython 3.8 or newer with venv.",
        };
  const trouble = problems.map(({ subject, message }): Check => ({
    name: "machine",
    state: "warning",
    found: subject,
    fix: message,
  }));
  return [jobs, python, ...gpuCheck, ...trouble];
}

function ok(name: string, found: string): Check {
  return { name, state: "ok", found, fix: "" };
}

function clockText(apartMs: number | null): string {
  if (apartMs === null) return "the farm did not say its own";
  // The farm's comes in whole seconds.
  return apartMs < 2_000 ? "as the farm's" : `${Math.round(apartMs / 1000)} s from the farm's`;
}

function say(exitCode: ExitCode, ...sentences: readonly string[]): ExitCode {
  for (const sentence of sentences)
    process.stderr.write(
      wrap(sentence, 80)
        .map((line) => `${line}\n`)
        .join(""),
    );
  return exitCode;
}
