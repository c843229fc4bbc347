import { valid } from "@renovatebot/pep440";
import { normalVersion } from "../pep440/compare-versions.ts";

/** What the name of a wheel says. */
export interface WheelName {
  readonly kind: "wheel";
  readonly file: string;
  /** Of the project, normalised (PEP 503): `my-package`. */
  readonly name: string;
  /** Normalised (PEP 440): "1.0+cu118". */
  readonly version: string;
  readonly build: BuildTag | null;
  /** Sets of tags, in the order of the name: `["cp39"]`, `["abi3"]`, `["manylinux_2_17_x86_64", "manylinux2014_x86_64"]`. */
  readonly pythons: readonly string[];
  readonly abis: readonly string[];
  readonly platforms: readonly string[];
  /** What is not as the standard writes it, though installers take it: phrases. */
  readonly deviations: readonly string[];
}

/** Sorts first by number, then by text: "1cu118" is { number: 1, text: "cu118" }. A wheel without one is older than all. */
export interface BuildTag {
  readonly number: number;
  readonly text: string;
}

export type ParsedWheelName =
  | { readonly ok: true; readonly wheel: WheelName }
  | { readonly ok: false; readonly file: string; readonly problem: string };

/** File systems take no longer names; it bounds the tags that a name can stand for, too. */
const NAME_CHARS_MAX = 255;
/** More digits are no longer exact as a number. */
const BUILD_DIGITS_MAX = 15;

/**
 * Reads a file name after PEP 427 and the binary distribution format of the PyPA
 * specifications: `{name}-{version}(-{build})?-{python}-{abi}-{platform}.whl`, the
 * last three each a set of tags joined by dots (PEP 425). As strict as the stricter of
 * pip and uv: a name that it refuses is one that an installer passes over in silence.
 */
export function parseWheelName(file: string): ParsedWheelName {
  const refuse = (problem: string): ParsedWheelName => ({ ok: false, file, problem });
  if (file.length > NAME_CHARS_MAX) return refuse(`is longer than ${NAME_CHARS_MAX} characters`);
  if (!file.endsWith(".whl")) return refuse("does not end with .whl");
  const parts = file.slice(0, -".whl".length).split("-");
  if (parts.length !== 5 && parts.length !== 6) {
    const form = "name-version-python-abi-platform, with a build tag after the version or without";
    return refuse(`has ${parts.length} parts between hyphens, not 5 or 6: ${form}`);
  }
  const [name = "", version = ""] = parts;
  const build = parts.length === 6 ? (parts[2] ?? "") : null;
  const [pythons = "", abis = "", platforms = ""] = parts.slice(-3);
  const problem =
    projectNameProblem(name) ??
    versionProblem(version) ??
    buildProblem(build) ??
    tagSetProblem("Python", pythons) ??
    tagSetProblem("ABI", abis) ??
    tagSetProblem("platform", platforms);
  if (problem !== null) return refuse(problem);
  const wheel = {
    kind: "wheel" as const,
    file,
    name: normalName(name),
    version: normalVersion(version),
    build: readBuild(build),
    pythons: pythons.split("."),
    abis: abis.split("."),
    platforms: platforms.split("."),
    deviations: nameDeviations(name, version),
  };
  return { ok: true, wheel };
}

/** The file name that the standard gives a wheel; reading it gives the same wheel back. */
export function formatWheelName(wheel: Omit<WheelName, "kind" | "file" | "deviations">): string {
  const build = wheel.build === null ? [] : [`${wheel.build.number}${wheel.build.text}`];
  const tags = [wheel.pythons, wheel.abis, wheel.platforms].map((set) => set.join("."));
  return `${[escapedName(wheel.name), normalVersion(wheel.version), ...build, ...tags].join("-")}.whl`;
}

/** PEP 503: `My.Package_x` → `my-package-x`. */
export function normalName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** How file names spell a project's name: normalised, with "_" for "-". */
function escapedName(name: string): string {
  return normalName(name).replaceAll("-", "_");
}

/** What the name and version in a file name should be, where they are something else. */
export function nameDeviations(name: string, version: string): readonly string[] {
  const deviations = [];
  if (name !== escapedName(name)) deviations.push(`the name is ${name}, not ${escapedName(name)}`);
  const normal = normalVersion(version);
  if (version !== normal) deviations.push(`the version is ${version}, not ${normal}`);
  return deviations;
}

function projectNameProblem(name: string): string | null {
  if (name === "") return "has no project name";
  if (!/^[a-z0-9_.]+$/i.test(name))
    return `has a project name with other characters than A-Z, a-z, 0-9, "_" and ".": ${name}`;
  if (name.includes("__")) return `has two underscores in a row in the project name, which pip refuses: ${name}`;
  if (!/^[a-z0-9].*[a-z0-9]$|^[a-z0-9]$/i.test(name)) {
    return `has a project name that does not begin and end with a letter or digit: ${name}`;
  }
  return null;
}

/** Why a text is no version for a file name; null when it is one. */
export function versionProblem(version: string): string | null {
  if (version === "") return "has no version";
  return valid(version) === null ? `has a version that PEP 440 does not know: ${version}` : null;
}

function buildProblem(build: string | null): string | null {
  if (build === null) return null;
  if (build === "") return "has an empty build tag";
  const digits = /^\d+/.exec(build)?.[0];
  if (digits === undefined) return `has a build tag that does not begin with a digit: ${build}`;
  if (digits.length > BUILD_DIGITS_MAX) return `has a build number of more than ${BUILD_DIGITS_MAX} digits: ${build}`;
  return /^[a-z0-9_.]+$/i.test(build)
    ? null
    : `has a build tag with other characters than letters, digits, "_" and ".": ${build}`;
}

function readBuild(build: string | null): BuildTag | null {
  const [, digits, text = ""] = /^(\d+)(.*)$/.exec(build ?? "") ?? [];
  return digits === undefined ? null : { number: Number(digits), text };
}

function tagSetProblem(kind: string, set: string): string | null {
  if (set === "") return `has no ${kind} tag`;
  if (set.split(".").includes("")) return `has an empty ${kind} tag: ${set}`;
  if (set !== set.toLowerCase()) return `has a ${kind} tag in capital letters, which uv passes over: ${set}`;
  const form = kind === "Python" ? /^[a-z_][a-z0-9_]*$/ : /^[a-z0-9_]+$/;
  const odd = set.split(".").find((tag) => !form.test(tag));
  return odd === undefined ? null : `has a ${kind} tag that is none: ${odd}`;
}
