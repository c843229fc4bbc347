import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { usageError } from "../program/cli-error.ts";

/** Where a farm listens and how it is reached. */
export interface FarmHost {
  /** The address that its servers listen on. */
  readonly listen: string;
  /** By which its own processes and this machine's commands reach it. */
  readonly local: string;
  /** Addresses and names that its certificate is for. */
  readonly names: readonly string[];
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const LOCAL_HOST: FarmHost = { listen: "127.0.0.1", local: "127.0.0.1", names: LOOPBACK };

/**
 * Reads `--host ADDRESS[,NAME…]`: the farm listens on the address and is
 * certified for it and for every name. 0.0.0.0 and :: are all addresses of the
 * machine: it is certified for each, and for the machine's name.
 */
export function parseHost(text: string, machine: () => readonly string[] = machineNames): FarmHost {
  const [listen = "", ...more] = text.split(",").map((part) => part.trim().replace(/^\[(.*)\]$/, "$1"));
  if (isIP(listen) === 0) {
    throw usageError(
      `--host ${JSON.stringify(text)} does not begin with an IP address.`,
      "Write the address to listen on, then names: --host 10.0.0.5,farm.example; 0.0.0.0 is every address of this machine.",
    );
  }
  const wrong = more.find((name) => isIP(name) === 0 && !NAME.test(name));
  if (wrong !== undefined) throw usageError(`--host has ${JSON.stringify(wrong)}, which is no host name or address.`);
  const isEvery = listen === "0.0.0.0" || (isIP(listen) === 6 && /^[0:]+$/.test(listen));
  const local = isEvery ? (listen === "0.0.0.0" ? "127.0.0.1" : "::1") : listen;
  const own = isEvery ? machine() : [listen];
  return { listen, local, names: [...new Set([...LOOPBACK, ...own, ...more])] };
}

/** `[::1]:80` and `127.0.0.1:80`, as URLs and listen addresses have it. */
export function hostPort(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function machineNames(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // Addresses of one link mean nothing elsewhere, and certificates cannot say of which.
  const global = addresses.map(({ address }) => address).filter((address) => !address.startsWith("fe80:"));
  return [...global, ...(NAME.test(hostname()) ? [hostname()] : [])];
}
