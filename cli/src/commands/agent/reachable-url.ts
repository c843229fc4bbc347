import { isIP } from "node:net";
import { join } from "node:path";
import type { Home } from "../../farm/home.ts";
import { isLoopback } from "./options.ts";

export interface ReachableUrl {
  /** By which other machines reach the farm, where there is one. */
  readonly url: string;
  /** More names and addresses that its certificate is for. */
  readonly others: readonly string[];
}

/**
 * A farm that listens on every address of this machine is known here by the
 * loopback one: other machines need one of the names in its certificate.
 */
export async function reachableUrl(url: string, home: Pick<Home, "dir">): Promise<ReachableUrl> {
  if (!isLoopback(url)) return { url, others: [] };
  const [first, ...others] = (await certifiedNames(join(home.dir, "identity"))).filter((name) => !isOwn(name));
  if (first === undefined) return { url, others: [] };
  const { port } = new URL(url);
  return { url: `https://${isIP(first) === 6 ? `[${first}]` : first}:${port}`, others };
}

/** Empty for a farm whose identity is not on this machine. */
async function certifiedNames(folder: string): Promise<readonly string[]> {
  const { readFarmIdentity } = await import("@kiln/identity");
  try {
    return readFarmIdentity(folder).server.names;
  } catch {
    return [];
  }
}

function isOwn(name: string): boolean {
  return name === "localhost" || name.startsWith("127.") || /^(?:::1|0:0:0:0:0:0:0:1)$/.test(name);
}
