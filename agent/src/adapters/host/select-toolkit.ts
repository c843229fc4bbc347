import { join } from "node:path";
import { chooseToolkit, readFoundToolkits } from "../../domain/build-environment.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { venvPython } from "./job-environment.ts";
import { readOwnFile } from "./own-file.ts";
import { agents, DONE, failed } from "./step-tools.ts";

const ANSWER_BYTES_MAX = 256 * 1024;

/**
 * Looks for CUDA toolkits where the build will run: in the folders given, the
 * one that CUDA_HOME names, the one of the nvcc on the path, and the usual ones.
 */
const FIND_SCRIPT = `
import glob, json, os, re, shutil, subprocess, sys
answer, places = sys.argv[1], sys.argv[2:]
exe = ".exe" if os.name == "nt" else ""
places += [os.environ.get("CUDA_HOME", ""), os.environ.get("CUDA_PATH", "")]
places += sorted(glob.glob("/usr/local/cuda-*")) + ["/usr/local/cuda", "/opt/cuda"]
nvcc = shutil.which("nvcc")
if nvcc:
    places.append(os.path.dirname(os.path.dirname(os.path.realpath(nvcc))))
found, seen = [], set()
for place in places:
    path = os.path.realpath(place)
    nvcc = os.path.join(path, "bin", "nvcc" + exe)
    if not place or path in seen or not os.path.exists(nvcc):
        continue
    seen.add(path)
    try:
        text = subprocess.run([nvcc, "--version"], stdout=subprocess.PIPE, timeout=60).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        print("%s: %s" % (nvcc, error))
        continue
    match = re.search(r"release \\d+\\.\\d+, V(\\d+(?:\\.\\d+)+)", text)
    if not match:
        print("%s does not say its version" % nvcc)
        continue
    headers = [os.path.join(path, "include")] + glob.glob(os.path.join(path, "targets", "*", "include"))
    has = any(os.path.exists(os.path.join(folder, "cuda_runtime.h")) for folder in headers)
    found.append({"path": path, "version": match.group(1), "hasHeaders": has})
with open(answer, "w") as file:
    json.dump(found, file)
`;

/** Selects the toolkit of a CUDA release; there is no build without it. */
export async function selectToolkit(context: JobContext, cuda: string): Promise<StepEnd> {
  if (context.job.env["CUDA_HOME"] !== undefined) {
    context.note(`the job sets CUDA_HOME itself, to ${context.job.env["CUDA_HOME"]}: that is what its build gets`);
    return DONE;
  }
  const answer = join(context.folder.temporary, "toolkits.json");
  const known = context.build.toolkits.map(({ path }) => path);
  const argv = [venvPython(context.folder.virtualEnv), "-I", "-c", FIND_SCRIPT, answer, ...known] as const;
  const end = await context.command({ argv, cwd: context.folder.temporary });
  if (end.exitCode !== 0) return failed(context, "select-toolkit", end);
  const found = readFoundToolkits((await readOwnFile(answer, context.folder.temporary, ANSWER_BYTES_MAX)) ?? "");
  if (found === null) return agents("infrastructure", "the search for CUDA toolkits gave no answer");
  const toolkit = chooseToolkit(found, cuda);
  if (toolkit) {
    context.progress.toolkit = toolkit;
    context.note(`CUDA ${toolkit.version} in ${toolkit.path}`);
    return DONE;
  }
  const has = found.map(({ version, path }) => `${version} in ${path}`).join(", ") || "none";
  const summary =
    `there is no CUDA ${cuda} toolkit where this build runs; there is ${has}. Install it under /usr/local/cuda-${cuda}, ` +
    "or, for containers, use an image that has it or mount it with KILN_DOCKER_READ_ONLY_PATHS";
  return agents(context.job.container?.image === undefined ? "infrastructure" : "bad-spec", summary);
}
