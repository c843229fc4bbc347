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
}

/** Finds the farm by KILN_URL and KILN_TOKEN, else by farm.json of KILN_HOME; null when neither is there. */
export async function findFarmAddress(env: NodeJS.ProcessEnv): Promise<FarmAddress | null> {
  const url = env["KILN_URL"];
  if (url !== undefined && url !== "") {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new CliError(`KILN_URL is ${JSON.stringify(url)}, which is not an http:// or https:// address.`);
    }
    return { url: url.replace(/\/+$/, ""), token: env["KILN_TOKEN"] ?? "", from: "KILN_URL" };
  }
  const home = findHome(env);
  const farm = await readFarmFile(home.farmFile);
  return farm === null ? null : { url: farm.httpUrl.replace(/\/+$/, ""), token: farm.token, from: home.farmFile };
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
