import type { BuildWork, Job } from "./job.ts";

/** The command that cibuildwheel runs its Linux containers with. */
export type EngineProgram = "docker" | "podman";

const PLATFORM_TAGS: Readonly<Record<string, string>> = {
  "linux-x86_64": "manylinux_x86_64",
  "linux-aarch64": "manylinux_aarch64",
  "macos-x86_64": "macosx_x86_64",
  "macos-arm64": "macosx_arm64",
  "windows-x86_64": "win_amd64",
};

/** cibuildwheel's identifier of the one wheel of a job: "cp312-manylinux_x86_64"; null for a platform that it does not have. */
export function buildIdentifier(feature: string, platform: string): string | null {
  const tag = PLATFORM_TAGS[platform];
  return tag === undefined ? null : `cp${feature.replace(".", "")}-${tag}`;
}

/** Why cibuildwheel cannot do what a build asks; null when it can. */
export function cibuildwheelRefusal(job: Pick<Job, "container">, work: BuildWork, platform: string): string | null {
  if (work.wheel?.torch) {
    return (
      "cibuildwheel installs what a build requires inside its own containers, where the cell's PyTorch cannot be given " +
      "to it: write frontend: pip for wheels that are linked against PyTorch"
    );
  }
  if (job.container?.image !== undefined) {
    return "cibuildwheel chooses its own image: leave out build.container, and set CIBW_MANYLINUX_X86_64_IMAGE in build.env";
  }
  return buildIdentifier("3.12", platform) === null ? `cibuildwheel builds nothing for ${platform}` : null;
}

/**
 * cibuildwheel's options for a job, as its documentation names them; the job's
 * own variables win over them. Its containers do not see this machine's files,
 * and the project's tests are not run by it: those are jobs of their own.
 */
export function cibuildwheelVariables(
  work: Pick<BuildWork, "configSettings" | "wheel">,
  facts: {
    readonly platform: string;
    /** null where it runs none. */
    readonly engine: EngineProgram | null;
    /** Names of the variables that the build is to have. */
    readonly passed: readonly string[];
  },
): Readonly<Record<string, string>> {
  const settings = Object.entries(work.configSettings).map(([name, value]) => quoted(`${name}=${value}`));
  const passed = facts.passed.filter((name) => !name.startsWith("CIBW_"));
  const arch = /^linux-(.+)$/.exec(facts.platform)?.[1];
  const policy = work.wheel?.policy ?? null;
  return {
    CIBW_TEST_SKIP: "*",
    ...(settings.length === 0 ? {} : { CIBW_CONFIG_SETTINGS: settings.join(" ") }),
    ...(facts.engine === null ? {} : { CIBW_CONTAINER_ENGINE: `${facts.engine}; disable_host_mount: true` }),
    ...(arch === undefined || passed.length === 0 ? {} : { CIBW_ENVIRONMENT_PASS_LINUX: passed.join(" ") }),
    ...(arch === undefined || policy === null ? {} : { [`CIBW_MANYLINUX_${arch.toUpperCase()}_IMAGE`]: policy }),
  };
}

/** As Python's shlex reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
