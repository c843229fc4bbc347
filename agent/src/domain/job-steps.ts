import type { Interpreter } from "./interpreter.ts";
import type { Blob, Candidate, CommandCheck, CommandWork, Job, Torch } from "./job.ts";
import { parseWheelName } from "./wheel-name.ts";

/** One step of a job on a host. The executor knows how; this says what. */
export type Step = { readonly title: string } & (
  | { readonly kind: "fetch-source"; readonly source: Blob }
  | { readonly kind: "fetch-wheel"; readonly wheel: Blob }
  | { readonly kind: "make-environment"; readonly python: Interpreter }
  | { readonly kind: "install-build-requires"; readonly torch: Torch; readonly variant: string }
  | { readonly kind: "build-wheel"; readonly configSettings: Readonly<Record<string, string>> }
  | { readonly kind: "keep-wheel"; readonly candidate: Candidate }
  | { readonly kind: "install-wheel"; readonly extras: readonly string[]; readonly requires: readonly string[] }
  | { readonly kind: "install-requires"; readonly requires: readonly string[] }
  | { readonly kind: "check-imports" }
  | { readonly kind: "run-command"; readonly check: CommandCheck }
);

export type StepKind = Step["kind"];

/** The steps of a job, in order. */
export function stepsFor(job: Job, python: Interpreter): readonly Step[] {
  const { work } = job;
  const environment: Step = {
    kind: "make-environment",
    title: `make an environment of CPython ${python.version}`,
    python,
  };
  if (work.kind === "build") {
    return [
      { kind: "fetch-source", title: "fetch the source", source: work.source },
      environment,
      { kind: "build-wheel", title: "build the wheel", configSettings: work.configSettings },
      { kind: "keep-wheel", title: "check and keep the wheel", candidate: work.candidate },
    ];
  }
  if (work.kind === "command") return commandSteps(work, environment);
  const { check, wheel, extras, requires } = work;
  const beside = extras.length + requires.length > 0 ? " and what its test requires" : "";
  const steps: Step[] = [
    { kind: "fetch-wheel", title: "fetch the wheel", wheel },
    environment,
    {
      kind: "install-wheel",
      title: `install ${parseWheelName(wheel.filename)?.name ?? "the wheel"}${beside}`,
      extras,
      requires,
    },
  ];
  if (check.kind === "import") return [...steps, { kind: "check-imports", title: "import what it installs" }];
  return [
    ...(check.files.length > 0
      ? [{ kind: "fetch-source", title: "fetch the source", source: check.source } as const]
      : []),
    ...steps,
    { kind: "run-command", title: "run the test command", check },
  ];
}

function commandSteps({ check, requires, wheel }: CommandWork, environment: Step): readonly Step[] {
  const steps: Step[] = [];
  if (check.files.length > 0) steps.push({ kind: "fetch-source", title: "fetch the source", source: check.source });
  if (wheel) steps.push({ kind: "fetch-wheel", title: "fetch the wheel", wheel });
  steps.push(environment);
  if (requires.length > 0)
    steps.push({ kind: "install-requires", title: "install what the command requires", requires });
  return [...steps, { kind: "run-command", title: "run the command", check }];
}
