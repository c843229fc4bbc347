/** Where the credentials of a registry are to be had, by the user's Docker configuration. */
export type RegistryAuth =
  | { readonly kind: "none" }
  | { readonly kind: "password"; readonly serverAddress: string; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly serverAddress: string; readonly token: string }
  /** To be asked of the program `docker-credential-<helper>`, under each of these names in turn. */
  | { readonly kind: "helper"; readonly helper: string; readonly serverAddresses: readonly string[] };

/** What Docker's configuration calls its default registry. */
const HUB_ADDRESS = "https://index.docker.io/v1/";

/**
 * Reads the parsed text of Docker's config.json (docker CLI, "Configuration
 * files"): `credHelpers` of this registry, then `credsStore`, then `auths`.
 * Whatever has not the shape that is documented counts as absent.
 */
export function registryAuth(config: unknown, registry: string): RegistryAuth {
  const { credHelpers, credsStore, auths } = record(config);
  const serverAddresses = registry === "docker.io" ? [HUB_ADDRESS] : [registry, `https://${registry}`];
  const [serverAddress = registry] = serverAddresses;
  const helper = [registry, ...serverAddresses]
    .map((name) => record(credHelpers)[name])
    .concat(credsStore)
    .find((one) => typeof one === "string" && one !== "");
  const entry = Object.entries(record(auths)).find(([name]) => hostOf(name) === hostOf(serverAddress));
  const own = entry ? entryAuth(serverAddress, record(entry[1])) : null;
  // A store leaves empty entries in `auths`; a full one was written by another tool, and is meant.
  if (typeof helper === "string" && own === null) return { kind: "helper", helper, serverAddresses };
  return own ?? { kind: "none" };
}

function entryAuth(serverAddress: string, entry: Readonly<Record<string, unknown>>): RegistryAuth | null {
  const { identitytoken, auth, username, password } = entry;
  if (typeof identitytoken === "string" && identitytoken !== "") {
    return { kind: "identity-token", serverAddress, token: identitytoken };
  }
  if (typeof auth === "string" && auth !== "") {
    const text = decodeBase64(auth);
    const colon = text.indexOf(":");
    if (colon < 0) return null;
    return { kind: "password", serverAddress, username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (typeof username === "string" && typeof password === "string" && username !== "") {
    return { kind: "password", serverAddress, username, password };
  }
  return null;
}

/** Keys of `auths` may be hosts or addresses: "registry.example.org", "https://registry.example.org/v1/". */
function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function decodeBase64(text: string): string {
  try {
    return new TextDecoder()
      .decode(Uint8Array.from(atob(text), (char) => char.codePointAt(0) ?? 0))
      .replace(/\0+$/, "");
  } catch {
    return "";
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
