import type Docker from "dockerode";
import type { ContainerLimits } from "../../domain/container-job.ts";

/** The label by which an agent finds its containers again. */
export const AGENT_LABEL = "kiln.agent";
/** Whose attempt it is, for people. */
export const ATTEMPT_LABEL = "kiln.attempt";

/** A folder or file of this machine, at the same path in the container. */
export interface Mount {
  readonly path: string;
  readonly isReadOnly: boolean;
  /** Where it appears, when not at the same path. */
  readonly target?: string;
}

export interface ContainerSpec {
  /** "sha256:…": never a tag, which may move. */
  readonly imageId: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** "none", or a network of the engine. */
  readonly network: string;
  readonly gpus: readonly string[];
  readonly limits: ContainerLimits;
  /** "uid:gid" */
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
}

const SHARED_MEMORY_BYTES_MAX = 1024 ** 3;
/** Written by programs that know of no TMPDIR. In memory, so it counts against the memory limit. */
const TEMPORARY_FOLDERS = ["/tmp", "/var/tmp", "/run"];

/**
 * How a container of a job is made: no capabilities, no way to gain any, a
 * root that cannot be written, the memory, processor and process limits given,
 * and only the folders named. A small init reaps what is orphaned and hands
 * signals on, since programs without a handler ignore SIGTERM as process 1.
 */
export function containerOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const { limits, gpus } = spec;
  return {
    Image: spec.imageId,
    // One pipe for both outputs, so that their order is kept: the shell joins them and is then replaced.
    Entrypoint: ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh"],
    Cmd: [...spec.argv],
    WorkingDir: spec.cwd,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    User: spec.user,
    Labels: { ...spec.labels },
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    Tty: false,
    HostConfig: {
      Init: true,
      // The output goes to the job's log, held back when that is slow; the engine keeps no second copy.
      LogConfig: { Type: "none", Config: {} },
      NetworkMode: spec.network,
      Privileged: false,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      Tmpfs: Object.fromEntries(
        TEMPORARY_FOLDERS.map((path) => [path, `rw,exec,nosuid,nodev,mode=1777,size=${limits.memoryBytes}`]),
      ),
      ShmSize: Math.min(SHARED_MEMORY_BYTES_MAX, limits.memoryBytes),
      Memory: limits.memoryBytes,
      // Memory and swap together: no swap.
      MemorySwap: limits.memoryBytes,
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pidsMax,
      Mounts: spec.mounts.map(({ path, isReadOnly, target }) => ({
        Type: "bind",
        Source: path,
        Target: target ?? path,
        ReadOnly: isReadOnly,
      })),
      ...(gpus.length > 0 ? { DeviceRequests: [{ DeviceIDs: [...gpus], Capabilities: [["gpu"]] }] } : {}),
    },
  };
}
