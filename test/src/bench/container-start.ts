import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { openEngine, runContainer, type ContainerSpec, type Log } from "@kiln/agent";
import { debianRootfs, startDockerd, temporaryFolder, type Brought } from "@kiln/testkit";

const WARM_UP = 5;
const GIB = 1024 ** 3;
const QUIET: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const COMMAND = ["/bin/echo", "ready"] as const;

export interface ContainerStarts {
  /** Milliseconds from asking for a command to its first output, as the agent runs the commands of jobs. */
  readonly kilnMs: readonly number[];
  /** The same of a container with nothing but an image and a command: create, attach, start. */
  readonly bareMs: readonly number[];
}

/** Both in turn, `samples` times each, with an engine of this benchmark's own; says in one line why there is none. */
export async function measureContainerStarts(samples: number): Promise<Brought<ContainerStarts>> {
  using folder = temporaryFolder();
  const started = await startDockerd(folder.path);
  if (!started.ok) return started;
  await using engine = started.value;
  const rootfs = await debianRootfs("bookworm");
  if (!rootfs.ok) return rootfs;
  await engine.importImage(rootfs.value, "kiln-bench", "start");
  const docker = openEngine(engine.socketPath);
  const { Id: imageId } = await docker.getImage("kiln-bench:start").inspect();
  const spec = specOf(imageId, folder.path);
  const kilnMs: number[] = [];
  const bareMs: number[] = [];
  for (let sample = -WARM_UP; sample < samples; sample += 1) {
    const bare = await bareStart(docker, imageId);
    const kiln = await kilnStart(docker, spec);
    if (sample < 0) continue;
    bareMs.push(bare);
    kilnMs.push(kiln);
  }
  return { ok: true, value: { kilnMs, bareMs } };
}

/** With the mounts and limits of a job's command. */
function specOf(imageId: string, folder: string): ContainerSpec {
  const mount = (name: string, isReadOnly: boolean) => {
    mkdirSync(join(folder, name));
    return { path: join(folder, name), isReadOnly };
  };
  return {
    imageId,
    argv: COMMAND,
    cwd: join(folder, "test"),
    env: { PYTHONUNBUFFERED: "1" },
    mounts: [
      mount("files", true),
      mount("source", true),
      mount("env", false),
      mount("tmp", false),
      mount("test", false),
    ],
    network: "none",
    gpus: [],
    limits: { memoryBytes: 2 * GIB, cpus: 1, pidsMax: 512 },
    user: "0:0",
    labels: { "kiln.agent": "bench" },
  };
}

async function kilnStart(docker: ReturnType<typeof openEngine>, spec: ContainerSpec): Promise<number> {
  const startedMs = performance.now();
  let firstMs: number | null = null;
  const output = (): boolean => {
    firstMs ??= performance.now();
    return true;
  };
  const running = runContainer(docker, spec, { output, drained: (listener) => listener() }, QUIET);
  const { exitCode } = await running.done;
  await running.removed;
  if (exitCode !== 0 || firstMs === null) throw new Error(`a container ended with ${exitCode}`);
  return firstMs - startedMs;
}

async function bareStart(docker: ReturnType<typeof openEngine>, imageId: string): Promise<number> {
  const startedMs = performance.now();
  const options = { Image: imageId, Cmd: [...COMMAND], HostConfig: { NetworkMode: "none" } };
  const container = await docker.createContainer(options);
  const attached = await container.attach({ stream: true, stdout: true, stderr: true, hijack: true });
  const first = once(attached as unknown as Duplex, "data");
  await container.start();
  await first;
  const tookMs = performance.now() - startedMs;
  await container.wait();
  await container.remove({ force: true, v: true });
  return tookMs;
}
