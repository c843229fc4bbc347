import { join } from "node:path";
import { readBackendRequires, readBuildSystem } from "../../domain/build-system.ts";
import type { Torch } from "../../domain/job.ts";
import { buildCommandChange } from "./build-commands.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { venvPython } from "./job-environment.ts";
import { readOwnFile } from "./own-file.ts";
import { otherSources, runIndexEnvironment, runIndexUrl } from "./run-index.ts";
import { agents, DONE, failed, pip, type ActionsOf } from "./step-tools.ts";

const PYPROJECT_BYTES_MAX = 4 * 1024 ** 2;
const ANSWER_BYTES_MAX = 256 * 1024;

/**
 * Asks a build backend what it requires for a wheel (PEP 517). Its first
 * argument is JSON; the answer goes to the file named there, since backends
 * write what they like to standard output.
 */
const ASK_SCRIPT = `
import importlib, json, os, sys
told = json.loads(sys.argv[1])
# The source is not to be imported from, but for what the backend-path names.
sys.path[0:1] = [os.path.abspath(path) for path in told["backendPath"]]
module, _, names = told["backend"].partition(":")
backend = importlib.import_module(module)
for name in names.split(".") if names else []:
    backend = getattr(backend, name)
hook = getattr(backend, "get_requires_for_build_wheel", None)
requires = list(hook(told["configSettings"] or None)) if hook else []
with open(told["answer"], "w") as file:
    json.dump(requires, file)
`;

/** The steps that prepare a build without isolation. */
export const TORCH_ACTIONS = {
  "install-build-requires": async ({ torch, variant }, context) => {
    const system = readBuildSystem(await pyproject(context));
    if (!system.ok) return agents("build-failed", system.message);
    const ignored = otherSources(context.job.env);
    if (ignored.length > 0) context.note(`${ignored.join(", ")} of the job's environment: not used here`);
    return install(context, "install-build-requires", { torch, variant }, system.system.requires);
  },

  "ask-backend": async ({ configSettings }, context) => {
    const system = readBuildSystem(await pyproject(context));
    if (!system.ok) return agents("build-failed", system.message);
    const { backend, backendPath } = system.system;
    const answer = join(context.folder.temporary, "backend-requires.json");
    const told = JSON.stringify({ backend, backendPath, configSettings, answer });
    context.progress.tree ??= await context.buildTree();
    const argv = [venvPython(context.folder.virtualEnv), "-c", ASK_SCRIPT, told] as const;
    const end = await context.command({ argv, cwd: context.progress.tree }, buildCommandChange(context));
    if (end.exitCode !== 0) return failed(context, "ask-backend", end);
    const text = await readOwnFile(answer, context.folder.temporary, ANSWER_BYTES_MAX);
    const requires = readBackendRequires(text ?? "");
    if (requires === null) return agents("build-failed", `${backend} gave no list of requirements`);
    context.progress.backendRequires = requires;
    context.note(requires.length === 0 ? "nothing else" : requires.join(", "));
    return DONE;
  },

  "install-backend-requires": ({ torch, variant }, context) => {
    const { backendRequires } = context.progress;
    if (backendRequires.length > 0)
      return install(context, "install-backend-requires", { torch, variant }, backendRequires);
    context.note("there is nothing else to install");
    return Promise.resolve(DONE);
  },
} as const satisfies Partial<ActionsOf<"install-build-requires" | "ask-backend" | "install-backend-requires">>;

/** PyTorch is named each time, so that no requirement brings another. */
async function install(
  context: JobContext,
  step: "install-build-requires" | "install-backend-requires",
  { torch, variant }: { readonly torch: Torch; readonly variant: string },
  requires: readonly string[],
): Promise<StepEnd> {
  const index = { run: context.run, variant };
  context.note(`from ${runIndexUrl(context.indexes, index)}, as r${index.run}:****, and from nowhere else`);
  const args = ["install", "--", `torch==${torch.version}`, ...requires];
  const reader = await context.indexes.reader(index.run, context.signal);
  const change = runIndexEnvironment(context.indexes, index, reader, context.progress.pipVersion);
  return pip(context, step, args, change);
}

function pyproject(context: JobContext): Promise<string | null> {
  const { source } = context.folder;
  return readOwnFile(join(source, "pyproject.toml"), source, PYPROJECT_BYTES_MAX);
}
