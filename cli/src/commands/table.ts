import type { CliCommand } from "../program/command.ts";

export interface CommandEntry {
  /** One word, or two: the group that it stands in, and its own. */
  readonly name: string;
  readonly summary: string;
  /** Loads the command: only the one that was typed is. */
  readonly load: () => Promise<{ readonly command: CliCommand }>;
}

/** What the first words of two-word commands stand for. */
export const GROUPS: Readonly<Record<string, string>> = {
  agent: "register machines and look after them",
  token: "let people and scripts use the farm",
  secret: "keep secrets for jobs",
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "up", summary: "run a farm on this machine", load: () => import("./up.ts") },
  { name: "demo", summary: "build, test and measure the example on this machine", load: () => import("./demo.ts") },
  { name: "init", summary: "write a kiln.yaml from what a project's files say", load: () => import("./init.ts") },
  { name: "plan", summary: "show what a submission would run, and what not and why", load: () => import("./plan.ts") },
  {
    name: "coverage",
    summary: "show which files pip and uv would take in every cell",
    load: () => import("./coverage.ts"),
  },
  { name: "submit", summary: "send a release candidate through the farm", load: () => import("./submit.ts") },
  { name: "runs", summary: "list the runs", load: () => import("./runs.ts") },
  { name: "show", summary: "show a run, or one of its jobs", load: () => import("./show.ts") },
  { name: "verdict", summary: "say whether a candidate may be released, and why", load: () => import("./verdict.ts") },
  { name: "approve", summary: "approve a candidate by its bytes", load: () => import("./approve.ts") },
  { name: "waive", summary: "answer for a gate of a candidate, for a time", load: () => import("./waive.ts") },
  { name: "bisect", summary: "find the commit that made a benchmark slower", load: () => import("./bisect.ts") },
  {
    name: "self-compare",
    summary: "measure a release against itself: how often the benchmark gate is wrong",
    load: () => import("./self-compare.ts"),
  },
  { name: "watch", summary: "follow a run until it is finished", load: () => import("./watch.ts") },
  { name: "logs", summary: "print the log of a job", load: () => import("./logs.ts") },
  { name: "get", summary: "save what a job made", load: () => import("./get.ts") },
  { name: "cancel", summary: "stop a run", load: () => import("./cancel.ts") },
  { name: "retry", summary: "run again what failed", load: () => import("./retry.ts") },
  { name: "pin", summary: "keep what a run made, however old it gets", load: () => import("./pin.ts") },
  { name: "unpin", summary: "let what a run made go when it is old", load: () => import("./unpin.ts") },
  { name: "agents", summary: "list the machines of the farm", load: () => import("./agents.ts") },
  { name: "agent token", summary: "make a token with which a machine joins", load: () => import("./agent/token.ts") },
  { name: "agent join", summary: "make this machine an agent of a farm", load: () => import("./agent/join.ts") },
  { name: "agent run", summary: "run this machine's agent, which has joined", load: () => import("./agent/run.ts") },
  { name: "agent list", summary: "list the machines of the farm", load: () => import("./agents.ts") },
  { name: "agent revoke", summary: "shut a machine out of the farm", load: () => import("./agent/revoke.ts") },
  {
    name: "agent update",
    summary: "offer machines another version of the agent",
    load: () => import("./agent/update.ts"),
  },
  {
    name: "agent install",
    summary: "make the agent a service of this machine",
    load: () => import("./agent/install.ts"),
  },
  {
    name: "agent uninstall",
    summary: "remove that service and all that install made",
    load: () => import("./agent/uninstall.ts"),
  },
  { name: "agent status", summary: "say how that service does", load: () => import("./agent/status.ts") },
  { name: "agent doctor", summary: "check what jobs need of this machine", load: () => import("./agent/doctor.ts") },
  { name: "agent health", summary: "look at this machine's GPUs once", load: () => import("./agent/health.ts") },
  { name: "agent leave", summary: "take this machine out of its farm", load: () => import("./agent/leave.ts") },
  {
    name: "agent drain",
    summary: "let a machine finish, and give it nothing new",
    load: () => import("./agent/drain.ts"),
  },
  { name: "agent pause", summary: "give a machine nothing new for a while", load: () => import("./agent/pause.ts") },
  { name: "agent resume", summary: "give a machine jobs again", load: () => import("./agent/resume.ts") },
  {
    name: "agent maintenance",
    summary: "say when a machine is not to be used",
    load: () => import("./agent/maintenance.ts"),
  },
  { name: "agent clear", summary: "take a machine or a GPU out of quarantine", load: () => import("./agent/clear.ts") },
  { name: "token create", summary: "make an API token", load: () => import("./people/token-create.ts") },
  { name: "token list", summary: "list the API tokens", load: () => import("./people/token-list.ts") },
  { name: "token revoke", summary: "revoke an API token", load: () => import("./people/token-revoke.ts") },
  { name: "secret set", summary: "set a secret for jobs", load: () => import("./people/secret-set.ts") },
  { name: "secret list", summary: "list the secrets for jobs", load: () => import("./people/secret-list.ts") },
  { name: "secret remove", summary: "remove a secret for jobs", load: () => import("./people/secret-remove.ts") },
  { name: "audit", summary: "show who did what on the farm", load: () => import("./people/audit.ts") },
  { name: "doctor", summary: "check what Kiln needs on this machine", load: () => import("./doctor.ts") },
];
