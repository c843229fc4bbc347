import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below what systems give to outgoing connections (from 32768 on Linux, 49152
 * elsewhere): a port that is free here is not taken by one of those before the
 * test's server listens, or while it is restarted.
 */
const [FIRST, END] = [20_000, 32_768] as const;
const TRIES_MAX = 100;

/** A TCP port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES_MAX} ports from ${FIRST} to ${END - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
