import { join } from "node:path";
import { sourceDateEpoch } from "../../domain/build-environment.ts";
import { importNames } from "../../domain/import-names.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import { pipVersion } from "../../domain/pip-version.ts";
import { formatBytes } from "../../domain/units.ts";
import { BASELINE_ACTIONS } from "./baseline-actions.ts";
import { BENCH_ACTIONS } from "./bench-actions.ts";
import { BUILD_ACTIONS } from "./build-actions.ts";
import { INSTALL_ACTIONS } from "./install-actions.ts";
import { venvPython } from "./job-environment.ts";
import { PROFILE_ACTIONS } from "./profile-actions.ts";
import { agents, DONE, failed, type ActionsOf } from "./step-tools.ts";
import { TEST_ACTIONS } from "./test-actions.ts";
import { unpackSource } from "./unpack-source.ts";
import { addPip, venvArguments } from "./virtual-env.ts";

/** Imports each argument; goes on after a failure, so that the log shows all of them. */
const IMPORT_SCRIPT = `import importlib, sys, traceback
failed = []
for name in sys.argv[1:]:
    print("import " + name, flush=True)
    try:
        importlib.import_module(name)
    except BaseException:
        traceback.print_exc()
        failed.append(name)
sys.exit("cannot be imported: " + ", ".join(failed) if failed else 0)
`;

/** How this host does each kind of step. */
export const STEP_ACTIONS = {
  "fetch-source": async ({ source }, context) => {
    const archive = join(context.folder.files, source.filename);
    const fetched = await context.blobs.fetch(source, archive, context.signal);
    if (!fetched.ok) return agents("infrastructure", `the source could not be fetched: ${fetched.message}`);
    const unpacked = await unpackSource(archive, context.folder.source);
    const outcome = context.job.work.kind === "build" ? "build-failed" : "tests-failed";
    if (!unpacked.ok) return agents(outcome, `${source.filename} cannot be unpacked: ${unpacked.message}`);
    context.note(`unpacked ${source.filename} (${formatBytes(source.sizeBytes)})`);
    context.progress.sourceDateEpoch = sourceDateEpoch(context.job.env["SOURCE_DATE_EPOCH"], unpacked.newestMtimeMs);
    return DONE;
  },

  "fetch-wheel": async ({ wheel }, context) => {
    context.progress.wheelPath = join(context.folder.files, wheel.filename);
    const fetched = await context.blobs.fetch(wheel, context.progress.wheelPath, context.signal);
    if (!fetched.ok) return agents("infrastructure", `the wheel could not be fetched: ${fetched.message}`);
    context.note(`${wheel.filename} (${formatBytes(wheel.sizeBytes)}, SHA-256 ${wheel.sha256})`);
    return DONE;
  },

  "make-environment": async ({ python }, context) => {
    const pip = await context.pip.prepare(python);
    const end = await context.command({
      argv: [python.path, ...venvArguments(context.folder.virtualEnv)],
      cwd: context.folder.temporary,
    });
    if (end.exitCode !== 0) return failed(context, "make-environment", end);
    await addPip(context.folder.virtualEnv, pip);
    context.progress.hasEnvironment = true;
    context.progress.pipVersion = pipVersion(python.pipWheel);
    context.note(`CPython ${python.version} from ${python.path}`);
    return DONE;
  },

  ...BUILD_ACTIONS,

  ...INSTALL_ACTIONS,

  "check-imports": async (_, context) => {
    const names = importNames(context.progress.installed?.paths ?? []);
    if (names.length === 0) context.note("the wheel installs nothing that can be imported");
    const end = await context.command({
      argv: [venvPython(context.folder.virtualEnv), "-c", IMPORT_SCRIPT, ...names],
      cwd: context.folder.test,
    });
    return end.exitCode === 0 ? DONE : failed(context, "check-imports", end);
  },

  ...TEST_ACTIONS,

  ...BASELINE_ACTIONS,

  ...BENCH_ACTIONS,

  ...PROFILE_ACTIONS,
} as const satisfies ActionsOf<StepKind>;
