import { CliError } from "../program/cli-error.ts";
import { certFile } from "./cert-file.ts";
import { findIndexes } from "./index-locations.ts";
import { askPipDefaultIndex, readPipConfig, type PipConfig } from "./pip-config.ts";

/**
 * What a coordinator needs to offer the person's own package indexes beside the
 * wheels of a run: addresses, proxies and certificates as pip and uv have them.
 * What the environment already sets stays. `note` is told when there is no index.
 */
export async function upstreamSettings(
  env: NodeJS.ProcessEnv,
  note: (text: string) => void,
): Promise<NodeJS.ProcessEnv> {
  if (env["KILN_UPSTREAM_INDEX"] !== undefined) return {};
  let asked: Promise<PipConfig> | undefined;
  const pipConfig = (): Promise<PipConfig> => (asked ??= readPipConfig(env));
  const pipDefault = (): Promise<string | null> => askPipDefaultIndex(env);
  try {
    const { urls } = await findIndexes({ flag: null, env, pipConfig, pipDefault });
    const cert = env["NODE_EXTRA_CA_CERTS"] ?? (await certFile(env, asked));
    return {
      KILN_UPSTREAM_INDEX: urls.join(" "),
      NODE_USE_ENV_PROXY: env["NODE_USE_ENV_PROXY"] ?? "1",
      ...(cert === null ? {} : { NODE_EXTRA_CA_CERTS: cert }),
    };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    note(`${error.message} The farm's index offers the wheels of its runs only, not what they depend on.`);
    return {};
  }
}
