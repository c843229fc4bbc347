import { CliError } from "../program/cli-error.ts";
import { readFarmFile } from "./farm-file.ts";
import { findHome } from "./home.ts";

/** Where a farm answers, and what opens it. */
export interface FarmAddress {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string;
  /** Where this was read, for messages: `KILN_URL` or the path of farm.json. */
  readonly from: string;
  /** The home, which may know the farm's certificate and is where it is kept. */
  readonly homeDir: string;
}

/** Finds the farm by KILN_URL and KILN_TOKEN, else by farm.json of KILN_HOME; null when neither is there. */
export async function findFarmAddress(env: NodeJS.ProcessEnv): Promise<FarmAddress | null> {
  const url = env["KILN_URL"];
  const home = findHome(env);
  if (url !== undefined && url !== "") {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new CliError(`KILN_URL is ${JSON.stringify(url)}, which is not an http:// or https:// address.`);
    }
    mustNotBeInTheClear(new URL(url));
    return { url: url.replace(/\/+$/, ""), token: env["KILN_TOKEN"] ?? "", from: "KILN_URL", homeDir: home.dir };
  }
  const farm = await readFarmFile(home.farmFile);
  if (farm === null) return null;
  return { url: farm.httpUrl.replace(/\/+$/, ""), token: farm.token, from: home.farmFile, homeDir: home.dir };
}

/** Off this machine a token must not be read by whoever listens. */
function mustNotBeInTheClear({ protocol, hostname, host }: URL): void {
  if (protocol === "https:" || /^(?:127\.|localhost$|\[::1\]$)/.test(hostname)) return;
  throw new CliError(`KILN_URL is http://${host}, where the token would be sent in the clear.`, {
    advice: `Farms answer on https: set KILN_URL=https://${host}`,
  });
}

/** The same, where a command cannot go on without a farm. */
export async function needFarmAddress(env: NodeJS.ProcessEnv): Promise<FarmAddress> {
  const address = await findFarmAddress(env);
  if (address !== null) return address;
  throw new NoFarm(findHome(env).dir);
}

/** No farm is running in this home; while one restarts, only for a moment. */
export class NoFarm extends CliError {
  constructor(homeDir: string) {
    super(`No farm is running in ${homeDir}.`, {
      advice: "Start one with ./kiln up, or name one with KILN_URL and KILN_TOKEN.",
    });
    this.name = "NoFarm";
  }
}
