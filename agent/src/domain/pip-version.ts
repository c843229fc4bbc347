/** The version in the name of pip's own wheel ("pip-24.2-py3-none-any.whl", whatever folder it is in); "" when it has none. */
export function pipVersion(wheelPath: string): string {
  return /(?:^|[/\\])pip-(\d[\w.!+]*)-[^/\\]*$/.exec(wheelPath)?.[1] ?? "";
}

/**
 * Whether pip cannot reach an https address without a name. From 24.2 on it
 * verifies certificates by truststore, which asks for the server's name, and its
 * urllib3 gives none for an IP address ("check_hostname requires
 * server_hostname"). `--use-deprecated=legacy-certs`, which came with it,
 * verifies as before: by the certificates that pip is told of, and the address
 * against those in the server's certificate.
 */
export function needsLegacyCerts(url: URL, version: string): boolean {
  if (url.protocol !== "https:" || !/^(?:[\d.]+|\[.*\])$/.test(url.hostname)) return false;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 2);
}
