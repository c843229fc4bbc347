import type Docker from "dockerode";
import type { Log } from "../../ports/log.ts";
import { runContainer } from "./container-command.ts";
import type { ContainerSpec } from "./container-options.ts";
import { engineMessage } from "./engine.ts";

const OUTPUT_BYTES_MAX = 1024 * 1024;

export interface EndedContainer {
  /** It ended with status 0 and in time. */
  readonly ok: boolean;
  /** Both outputs, the first megabyte; after a failure the reason too. */
  readonly output: string;
}

/** Runs one of the agent's own errands in a container, not a job's command. Never rejects. */
export async function runToEnd(
  docker: Docker,
  spec: ContainerSpec,
  timeoutMs: number,
  log: Log,
): Promise<EndedContainer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const hooks = {
    output: (part: Uint8Array): boolean => {
      if (bytes < OUTPUT_BYTES_MAX) chunks.push(Buffer.from(part));
      bytes += part.length;
      return true;
    },
    drained: (listener: () => void) => listener(),
  };
  const running = runContainer(docker, spec, hooks, log);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void running.stop();
  }, timeoutMs);
  try {
    const { exitCode } = await running.done;
    const output = Buffer.concat(chunks).toString();
    if (isLate) return { ok: false, output: `${output}it took longer than ${timeoutMs} ms` };
    return { ok: exitCode === 0, output };
  } catch (cause) {
    return { ok: false, output: engineMessage(cause) };
  } finally {
    clearTimeout(timer);
    await running.removed;
  }
}
