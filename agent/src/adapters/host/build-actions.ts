import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { StepKind } from "../../domain/job-steps.ts";
import { formatBytes } from "../../domain/units.ts";
import { wheelMismatch } from "../../domain/wheel-name.ts";
import { runIndexEnvironment, runIndexUrl } from "./run-index.ts";
import { agents, DONE, pip, type ActionsOf } from "./step-tools.ts";

/** The steps that only builds have. */
export const BUILD_ACTIONS = {
  "install-build-requires": ({ torch, variant }, context) => {
    const index = { run: context.run, variant };
    context.note(`from ${runIndexUrl(context.indexes, index)} and from nowhere else`);
    const args = ["install", "--", `torch==${torch.version}`];
    return pip(context, "install-build-requires", args, runIndexEnvironment(context.indexes, index));
  },

  "build-wheel": async ({ configSettings }, context) => {
    const settings = Object.entries(configSettings).flatMap(([name, value]) => [
      "--config-settings",
      `${name}=${value}`,
    ]);
    const tree = await context.buildTree();
    return pip(context, "build-wheel", [
      "wheel",
      "--no-deps",
      "--use-pep517",
      "--wheel-dir",
      context.folder.built,
      ...settings,
      tree,
    ]);
  },

  "keep-wheel": async ({ candidate }, context) => {
    const wheels = (await readdir(context.folder.built)).filter((name) => name.endsWith(".whl"));
    const [filename] = wheels;
    if (filename === undefined || wheels.length > 1) {
      return agents("build-failed", `the build made ${wheels.length === 0 ? "no wheel" : wheels.sort().join(" and ")}`);
    }
    const mismatch = wheelMismatch(filename, candidate);
    if (mismatch !== null) return agents("build-failed", mismatch);
    // A link in its place would have the agent give away a file of its own.
    if (!(await lstat(join(context.folder.built, filename))).isFile()) {
      return agents("build-failed", `${filename} is not an ordinary file`);
    }
    const path = join(context.folder.built, filename);
    const stored = await context.blobs.store(path, filename, context.signal, (text) => context.note(text));
    if (!stored.ok) return agents("infrastructure", `the wheel could not be stored: ${stored.message}`);
    context.note(`${filename} (${formatBytes(stored.blob.sizeBytes)}, SHA-256 ${stored.blob.sha256})`);
    context.artifact("wheel", stored.blob);
    return DONE;
  },
} as const satisfies Partial<ActionsOf<StepKind>>;
