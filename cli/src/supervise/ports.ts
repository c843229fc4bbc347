import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { CliError, errorCode, usageError } from "../program/cli-error.ts";

export interface FarmPorts {
  readonly http: number;
  readonly grpc: number;
  readonly nats: number;
}

const HOST = "127.0.0.1";
export const PORT_BASE = 8270;

/** Three ports in a row. */
export function portsFrom(base: number): FarmPorts {
  return { http: base, grpc: base + 1, nats: base + 2 };
}

/** Reads `--port-base`. */
export function parsePortBase(text: string): number {
  const base = Number(text);
  if (/^\d+$/.test(text) && base >= 1024 && base <= 65_533) return base;
  throw usageError(`--port-base ${text} is not a number from 1024 to 65533.`);
}

/** Three ports that nothing uses now. */
export async function freePorts(): Promise<FarmPorts> {
  // All three are held at the same time, so that they differ.
  const servers = await Promise.all([0, 0, 0].map(async (port) => listen(port)));
  const [http = 0, grpc = 0, nats = 0] = servers.map((server) => server.port);
  await Promise.all(servers.map((server) => server.close()));
  return { http, grpc, nats };
}

/** Throws a CliError that names the port that is in use. `patienceMs`: how long an ending farm is waited for. */
export async function checkPorts(
  ports: FarmPorts,
  patienceMs: number,
  nowMs: () => number,
  host = HOST,
): Promise<void> {
  const untilMs = nowMs() + patienceMs;
  for (const [use, port] of Object.entries<number>({ ...ports })) {
    while (!(await isFree(port, host))) {
      if (nowMs() >= untilMs) {
        throw new CliError(`Port ${port} (for ${use}) is in use by another program.`, {
          advice: "Choose three other ports with --port-base N, for example: ./kiln up --port-base 9270",
        });
      }
      await delay(100);
    }
  }
}

export async function isFree(port: number, host = HOST): Promise<boolean> {
  try {
    await (await listen(port, host)).close();
    return true;
  } catch (error) {
    if (["EADDRINUSE", "EACCES"].includes(errorCode(error))) return false;
    if (errorCode(error) === "EADDRNOTAVAIL") {
      throw new CliError(`This machine does not have the address ${host}.`, {
        advice: "Give --host one of its own addresses, or 0.0.0.0 for all of them.",
      });
    }
    throw error;
  }
}

async function listen(port: number, host = HOST): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
