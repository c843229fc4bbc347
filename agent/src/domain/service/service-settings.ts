/** What a service manager is told about the agent. Paths are absolute, of the system that it is for. */
export interface ServiceSettings {
  /** Name of the service, and of the user that it runs as where it is the system's: "kiln-agent". */
  readonly name: string;
  readonly scope: "system" | "user";
  /** Program and arguments that run the agent. */
  readonly command: readonly [string, ...string[]];
  /** The agent's folder. */
  readonly folder: string;
  /** Jobs use containers of Docker Engine: the service's user gets into its group. */
  readonly hasDocker: boolean;
  /** Jobs may use GPUs. */
  readonly hasGpus: boolean;
  readonly limits: ServiceLimits;
}

/** Of the agent and of what it starts on the host; null: none. */
export interface ServiceLimits {
  readonly memoryBytes: number | null;
  /** In processors: 2.5. */
  readonly cpus: number | null;
  /** Processes and threads. */
  readonly tasks: number | null;
}

/** After it is asked to stop: the agent gives what it has five seconds, its jobs three. */
export const STOP_TIMEOUT_S = 45;
export const RESTART_DELAY_S = 2;
/** Starts within a time from which on a service manager gives up. */
export const RESTARTS = { max: 20, withinS: 600 } as const;
/** Exit codes after which another start would end the same: stopped, wrong usage, shut out by the farm. */
export const FINAL_EXIT_CODES: readonly number[] = [0, 64, 77];

const NAME = /^[a-z][a-z0-9-]{0,30}$/;

export function isServiceName(name: string): boolean {
  return NAME.test(name);
}
