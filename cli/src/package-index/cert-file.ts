import type { PipConfig } from "./pip-config.ts";

/** Certificates: what pip or uv are set to use, where that is beyond what Node has. */
export async function certFile(env: NodeJS.ProcessEnv, asked: Promise<PipConfig> | undefined): Promise<string | null> {
  const config = await asked;
  return (
    env["PIP_CERT"] ||
    config?.get("install.cert") ||
    config?.get("global.cert") ||
    env["SSL_CERT_FILE"] ||
    env["REQUESTS_CA_BUNDLE"] ||
    null
  );
}
