import { availableParallelism, totalmem } from "node:os";
import { isAbsolute } from "node:path";
import type { DockerSettings } from "./adapters/docker/docker-executor.ts";
import { findEngine } from "./adapters/docker/engine.ts";
import { parseImageReference } from "./domain/image-reference.ts";

const MEMORY_BYTES_MIN = 64 * 1024 ** 2;
/** What containers get of the machine's memory together, by default. */
const MEMORY_SHARE = 0.9;
const PIDS_MAX = 4_096;
const IMAGE_CACHE_BYTES_MAX = 30 * 1024 ** 3;

export type DockerConfigResult =
  | { readonly ok: true; readonly settings: DockerSettings }
  /** One sentence a variable. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads what KILN_EXECUTOR=docker needs. `slots` jobs share the machine: each gets its part unless told otherwise. */
export function readDockerConfig(env: NodeJS.ProcessEnv, slots: number): DockerConfigResult {
  const problems: string[] = [];
  const number = (name: string, min: number, max: number, fallback: number, pattern = /^\d+$/): number => {
    const text = env[name]?.trim() ?? "";
    if (text === "") return fallback;
    const value = pattern.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    problems.push(`${name} is "${text}"; it may be a number from ${min} to ${max}`);
    return fallback;
  };
  const engine = findEngine(env);
  if (!engine.ok) problems.push(engine.message);
  if (process.platform === "win32")
    problems.push("KILN_EXECUTOR is docker, which this system does not have yet: use host");
  const settings: DockerSettings = {
    socketPath: engine.ok ? engine.socketPath : "",
    images: {
      byDefault: readImage("KILN_DOCKER_IMAGE", env["KILN_DOCKER_IMAGE"], problems),
      byPolicy: readPolicies(env["KILN_DOCKER_IMAGES"], problems),
    },
    limits: {
      memoryBytes: number(
        "KILN_DOCKER_MEMORY_BYTES",
        MEMORY_BYTES_MIN,
        2 ** 50,
        share(totalmem() * MEMORY_SHARE, slots),
      ),
      cpus: number("KILN_DOCKER_CPUS", 0.1, 4_096, Math.max(1, availableParallelism() / slots), /^\d+(?:\.\d+)?$/),
      pidsMax: number("KILN_DOCKER_PIDS", 16, 2 ** 22, PIDS_MAX),
    },
    network: env["KILN_DOCKER_NETWORK"]?.trim() || "bridge",
    readOnlyPaths: readPaths(env["KILN_DOCKER_READ_ONLY_PATHS"], problems),
    pull: readPull(env["KILN_DOCKER_PULL"], problems),
    imageCacheBytesMax: number("KILN_DOCKER_IMAGE_CACHE_BYTES_MAX", 0, 2 ** 50, IMAGE_CACHE_BYTES_MAX),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings };
}

function share(bytes: number, slots: number): number {
  return Math.max(MEMORY_BYTES_MIN, Math.floor(bytes / slots));
}

function readImage(name: string, value: string | undefined, problems: string[]): string | null {
  const text = value?.trim() ?? "";
  if (text === "") return null;
  if (!parseImageReference(text)) problems.push(`${name} has "${text}", which is no reference to an image`);
  return text;
}

/** "manylinux_2_28=registry/image:tag,manylinux_2_34=…" */
function readPolicies(value: string | undefined, problems: string[]): Readonly<Record<string, string>> {
  const images: Record<string, string> = {};
  for (const entry of (value ?? "").split(",").filter((one) => one.trim() !== "")) {
    const equals = entry.indexOf("=");
    const policy = entry.slice(0, Math.max(0, equals)).trim();
    if (!/^(?:many|musl)linux\w+$/.test(policy)) {
      problems.push(`KILN_DOCKER_IMAGES has "${entry.trim()}"; an entry is a policy and an image: manylinux_2_28=NAME`);
      continue;
    }
    images[policy] = readImage("KILN_DOCKER_IMAGES", entry.slice(equals + 1), problems) ?? "";
    if (images[policy] === "") problems.push(`KILN_DOCKER_IMAGES names no image for ${policy}`);
  }
  return images;
}

function readPaths(value: string | undefined, problems: string[]): readonly string[] {
  const paths = (value ?? "").split(":").filter((path) => path !== "");
  for (const path of paths) {
    if (!isAbsolute(path)) problems.push(`KILN_DOCKER_READ_ONLY_PATHS has "${path}"; its paths are absolute`);
  }
  return paths;
}

function readPull(value: string | undefined, problems: string[]): DockerSettings["pull"] {
  const choices = ["missing", "always", "never"] as const;
  const text = value?.trim() || "missing";
  const known = choices.find((one) => one === text);
  if (known === undefined) problems.push(`KILN_DOCKER_PULL is "${text}"; it may be ${choices.join(", ")}`);
  return known ?? "missing";
}
