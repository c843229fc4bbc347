import { cudaOf } from "./build-environment.ts";
import type { Interpreter } from "./interpreter.ts";
import type {
  BenchWork,
  Blob,
  BuildWork,
  Candidate,
  CommandCheck,
  CommandWork,
  Job,
  MeasureWork,
  ProfileWork,
  TestWork,
  Torch,
  WheelWish,
} from "./job.ts";
import type { IndexBaseline } from "./measure/index-baseline.ts";
import type { Arm } from "./measure/process-order.ts";
import { parseWheelName } from "./wheel-name.ts";

/** What builds a wheel, and with what. */
export type BuildCommand =
  | { readonly frontend: "pip"; readonly configSettings: ConfigSettings }
  | { readonly frontend: "cibuildwheel"; readonly platform: string };

type ConfigSettings = Readonly<Record<string, string>>;

/** One step of a job on a host. The executor knows how; this says what. */
export type Step = {
  readonly title: string;
  /** Whose environment it works in; the candidate's when absent. */ readonly arm?: Arm;
} & (
  | { readonly kind: "fetch-source"; readonly source: Blob }
  | { readonly kind: "fetch-wheel"; readonly wheel: Blob }
  | { readonly kind: "make-environment"; readonly python: Interpreter }
  | { readonly kind: "install-build-requires"; readonly torch: Torch; readonly variant: string }
  | { readonly kind: "ask-backend"; readonly configSettings: ConfigSettings }
  | { readonly kind: "install-backend-requires"; readonly torch: Torch; readonly variant: string }
  | { readonly kind: "select-toolkit"; readonly cuda: string }
  | { readonly kind: "install-cibuildwheel"; readonly platform: string }
  | { readonly kind: "build-wheel"; readonly how: BuildCommand }
  | { readonly kind: "rebuild-wheel"; readonly source: Blob; readonly how: BuildCommand }
  | { readonly kind: "set-local-version"; readonly localVersion: string }
  | { readonly kind: "repair-wheel"; readonly wish: WheelWish | null; readonly platform: string }
  | { readonly kind: "audit-wheel"; readonly wish: WheelWish | null; readonly python: Interpreter }
  | { readonly kind: "keep-wheel"; readonly candidate: Candidate }
  | ({
      readonly kind: "install-wheel";
      /** Where the wheel itself is taken from: the index, or the file that was fetched. */
      readonly from: "index" | "file";
    } & Pick<TestWork, "wheel" | "extras" | "requires" | "index" | "torch">)
  | { readonly kind: "find-baseline"; readonly wanted: IndexBaseline; readonly work: MeasureWork }
  | { readonly kind: "install-requires"; readonly requires: readonly string[] }
  | { readonly kind: "check-imports" }
  | { readonly kind: "run-command"; readonly check: CommandCheck }
  | { readonly kind: "run-tests"; readonly check: CommandCheck; readonly repeatFailed: number }
  /** `round` counts from 1. */
  | { readonly kind: "repeat-failed"; readonly check: CommandCheck; readonly round: number; readonly rounds: number }
  | { readonly kind: "run-bench"; readonly bench: BenchWork; readonly work: MeasureWork }
  | { readonly kind: "run-profile"; readonly profile: ProfileWork; readonly work: MeasureWork }
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
  if (work.kind === "build") return buildSteps(work, python, environment);
  if (work.kind === "command") return commandSteps(work, environment);
  if (work.kind === "measure") return measureSteps(work, environment);
  return testSteps(work, environment);
}

function testSteps({ check, repeatFailed, ...install }: TestWork, environment: Step): readonly Step[] {
  const { wheel, extras, requires, index, torch } = install;
  const beside = [
    ...(torch ? [`PyTorch ${torch.version}`] : []),
    ...(extras.length + requires.length > 0 ? ["what its test requires"] : []),
  ];
  const steps: Step[] = [
    { kind: "fetch-wheel", title: "fetch the wheel", wheel },
    environment,
    {
      kind: "install-wheel",
      title: `install ${[parseWheelName(wheel.filename)?.name ?? "the wheel", ...beside].join(" and ")}`,
      from: index === null ? "file" : "index",
      ...{ wheel, extras, requires, index, torch },
    },
  ];
  if (check.kind === "import") return [...steps, { kind: "check-imports", title: "import what it installs" }];
  return [
    ...(check.files.length > 0
      ? [{ kind: "fetch-source", title: "fetch the source", source: check.source } as const]
      : []),
    ...steps,
    { kind: "run-tests", title: "run the test command", check, repeatFailed },
  ];
}

/** Two environments of one Python, equal but for the wheel; then the measuring. */
function measureSteps(work: MeasureWork, environment: Step): readonly Step[] {
  const { check, baseline, how, wheel, requires, index, torch } = work;
  const steps: Step[] = [];
  if (check.files.length > 0) steps.push({ kind: "fetch-source", title: "fetch the source", source: check.source });
  steps.push({ kind: "fetch-wheel", title: "fetch the wheel", wheel }, environment, {
    kind: "install-wheel",
    title: "install the candidate",
    from: "index",
    ...{ wheel, extras: [], requires, index, torch },
  });
  if (baseline) {
    const arm = "baseline";
    const own: Step = { ...environment, arm, title: `${environment.title} for the baseline` };
    if (baseline.kind === "index") {
      const what = baseline.version ?? "the newest release below the candidate";
      const title = `find the baseline on the package index: ${what}`;
      steps.push(own, { kind: "find-baseline", arm, title, wanted: baseline, work });
    } else {
      const title = `fetch the baseline, ${baseline.version}`;
      steps.push({ kind: "fetch-wheel", arm, title, wheel: baseline.wheel }, own);
      steps.push(baselineInstall(work, baseline.wheel));
    }
  }
  const last: Step =
    how.kind === "bench"
      ? { kind: "run-bench", title: "measure", bench: how, work }
      : { kind: "run-profile", title: "profile the kernels", profile: how, work };
  return [...steps, last];
}

/** As the candidate, but from a file: the run's index has no other release of the project. */
export function baselineInstall({ requires, index, torch }: MeasureWork, wheel: Blob): Step {
  const step = { kind: "install-wheel", arm: "baseline", title: "install the baseline", from: "file" } as const;
  return { ...step, extras: [], requires, index, torch, wheel };
}

function buildSteps(work: BuildWork, python: Interpreter, environment: Step): readonly Step[] {
  const { platform } = python;
  const { source, candidate, configSettings, wheel, checkReproducible } = work;
  const steps: Step[] = [{ kind: "fetch-source", title: "fetch the source", source }, environment];
  // Before anything is downloaded for a build that cannot be.
  const isPip = work.frontend === "pip";
  const how: BuildCommand = isPip ? { frontend: "pip", configSettings } : { frontend: "cibuildwheel", platform };
  // cibuildwheel's images bring their own toolkits.
  const cuda = isPip ? cudaOf(wheel) : null;
  if (!isPip) steps.push({ kind: "install-cibuildwheel", title: "install cibuildwheel", platform });
  if (cuda !== null) steps.push({ kind: "select-toolkit", title: `select the CUDA ${cuda} toolkit`, cuda });
  if (isPip && wheel?.torch) steps.push(...torchSteps(wheel.torch, configSettings));
  steps.push({ kind: "build-wheel", title: "build the wheel", how });
  if (checkReproducible) {
    steps.push({ kind: "rebuild-wheel", title: "build it again elsewhere, and compare", source, how });
  }
  const localVersion = wheel?.localVersion ?? null;
  if (localVersion !== null) {
    steps.push({ kind: "set-local-version", title: `give it the local version ${localVersion}`, localVersion });
  }
  steps.push(
    { kind: "repair-wheel", title: "repair the wheel", wish: wheel, platform },
    { kind: "audit-wheel", title: "audit the wheel", wish: wheel, python },
    { kind: "keep-wheel", title: "check and keep the wheel", candidate },
  );
  return steps;
}

/** The index is PyTorch's variant's, which is not the wheel's own where one wheel serves several. */
function torchSteps(torch: Torch, configSettings: ConfigSettings): readonly Step[] {
  const { variant } = torch;
  const title = `install PyTorch ${torch.version} (${variant}) and the build requirements`;
  return [
    { kind: "install-build-requires", title, torch, variant },
    { kind: "ask-backend", title: "ask the build backend what else it requires", configSettings },
    { kind: "install-backend-requires", title: "install what the build backend requires", torch, variant },
  ];
}

/** The step that runs the failed tests again, for the `round`th time of `rounds`. */
export function repeatStep(check: CommandCheck, round: number, rounds: number): Step {
  const which = rounds === 1 ? "" : ` (${round} of ${rounds})`;
  return { kind: "repeat-failed", title: `run the failed tests again${which}`, check, round, rounds };
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
