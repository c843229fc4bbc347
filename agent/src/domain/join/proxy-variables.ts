import type { Proxy } from "./join-failure.ts";

const VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/**
 * The proxy by which programs of this environment would reach a host, by the
 * convention of curl's manual ("Environment"); null when there is none, or
 * NO_PROXY names the host. A password in it is left out.
 */
export function proxyFor(host: string, env: Readonly<Record<string, string | undefined>>): Proxy | null {
  const exempt = (env["NO_PROXY"] ?? env["no_proxy"] ?? "").split(/[\s,]+/).filter((one) => one !== "");
  if (exempt.some((one) => matches(host.toLowerCase(), one.toLowerCase()))) return null;
  const variable = VARIABLES.find((name) => env[name]);
  if (variable === undefined) return null;
  return { variable, value: (env[variable] ?? "").replace(/\/\/[^/@]*@/, "//***@") };
}

function matches(host: string, exempt: string): boolean {
  const name = exempt.replace(/:\d+$/, "").replace(/^\*?\.?/, "");
  return exempt === "*" || host === name || (name !== "" && host.endsWith(`.${name}`));
}
