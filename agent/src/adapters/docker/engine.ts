import { existsSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";

/** What tells engines apart as far as it matters here. */
export interface EngineFacts {
  /** "Docker 28.2.2", "Podman 4.3.1" */
  readonly title: string;
  /** User 0 of a container is the agent's own user outside. */
  readonly isRootless: boolean;
}

export type EngineAddress =
  | { readonly ok: true; readonly socketPath: string }
  /** `message` says what to set. */
  | { readonly ok: false; readonly message: string };

/**
 * The socket of the container engine: KILN_DOCKER_HOST, or DOCKER_HOST, or the
 * first that exists of Docker's and Podman's. It must be on this machine, because
 * containers get folders of this machine.
 */
export function findEngine(env: NodeJS.ProcessEnv): EngineAddress {
  for (const name of ["KILN_DOCKER_HOST", "DOCKER_HOST"]) {
    const value = env[name]?.trim();
    if (!value) continue;
    if (value.startsWith("unix://")) return { ok: true, socketPath: value.slice("unix://".length) };
    const what = `${name} is "${value}"; it must be unix:///path/of/the/socket, because jobs get folders of this machine`;
    return { ok: false, message: what };
  }
  const runtime = env["XDG_RUNTIME_DIR"];
  const own = runtime ? [join(runtime, "docker.sock"), join(runtime, "podman", "podman.sock")] : [];
  const socketPath = ["/var/run/docker.sock", ...own, "/run/podman/podman.sock"].find((path) => existsSync(path));
  if (socketPath !== undefined) return { ok: true, socketPath };
  return { ok: false, message: "no container engine was found: start Docker or Podman, or set KILN_DOCKER_HOST" };
}

/** A client of the engine at this socket, whatever DOCKER_HOST says. */
export function openEngine(socketPath: string): Docker {
  // An absent host is what makes the client use the socket.
  return new Docker({ socketPath, host: undefined });
}

/** Asks the engine what it is. Rejects when it does not answer. */
export async function readEngineFacts(docker: Docker): Promise<EngineFacts> {
  const [version, info] = (await Promise.all([docker.version(), docker.info()])) as [
    { Version?: string; Components?: readonly { Name?: string; Version?: string }[] },
    { SecurityOptions?: readonly string[] | null },
  ];
  const isPodman = version.Components?.some(({ Name = "" }) => Name.startsWith("Podman")) ?? false;
  return {
    title: `${isPodman ? "Podman" : "Docker"} ${version.Version ?? ""}`.trim(),
    isRootless: info.SecurityOptions?.some((option) => option.includes("rootless")) ?? false,
  };
}

/** The HTTP status of an engine's refusal; null when it did not answer at all. */
export function statusOf(cause: unknown): number | null {
  return cause instanceof Error && "statusCode" in cause && typeof cause.statusCode === "number"
    ? cause.statusCode
    : null;
}

/** What an engine said was wrong, without the client's frame around it. */
export function engineMessage(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim();
}
