import { randomBytes, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { fingerprintOf, makeAuthority, type Authority } from "../certificates/authority.ts";
import { issueServerCertificate, type ServerCertificate } from "../certificates/issue.ts";
import { makeNatsTrust, type NatsTrust } from "../nats/trust.ts";
import { writePrivateFile } from "./private-file.ts";

/** A farm's identity and the folder that keeps it. */
export interface FarmIdentity {
  readonly folder: string;
  readonly authority: Authority;
  /** Of the authority; 43 characters. */
  readonly fingerprint: string;
  readonly nats: NatsTrust;
  readonly server: FarmServerCertificate;
}

/** The one certificate of the farm's HTTPS, gRPC and NATS servers. */
export interface FarmServerCertificate extends ServerCertificate {
  readonly notBeforeMs: number;
  readonly names: readonly string[];
}

/** The folder's files: paths for programs that read them themselves. */
export interface FarmIdentityFiles {
  /** The authority's certificate. */
  readonly authority: string;
  readonly authorityKey: string;
  /** Certificate and key of the servers in one file, so that both are replaced at once. */
  readonly server: string;
  readonly nats: string;
}

export interface OpenFarmIdentityOptions {
  readonly nowMs: number;
  /** Host names and addresses of the servers; absent: as they are (and for a new identity, this machine only). */
  readonly names?: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const SERVER_LIFETIME_MS = 90 * DAY_MS;
/** A certificate is renewed when less than this part of its lifetime is left. */
const RENEWED_AT = 1 / 3;
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"] as const;

/** Where the files of an identity's folder are. */
export function farmIdentityFiles(folder: string): FarmIdentityFiles {
  return {
    authority: join(folder, "ca.pem"),
    authorityKey: join(folder, "ca-key.pem"),
    server: join(folder, "server.pem"),
    nats: join(folder, "nats.json"),
  };
}

/**
 * The identity of the folder, which is made when it is not there; the servers'
 * certificate is renewed when it is due or does not have the names. Throws, and
 * says which file, when one cannot be read: nothing is replaced then, because
 * every machine of the farm trusts what was there.
 */
export async function openFarmIdentity(folder: string, options: OpenFarmIdentityOptions): Promise<FarmIdentity> {
  if (!existsSync(folder)) await makeFarmIdentity(folder, options);
  const identity = readFarmIdentity(folder);
  const names = options.names ?? identity.server.names;
  const certificate = new X509Certificate(identity.server.certificatePem);
  const hasNames = names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)));
  if (hasNames && !isRenewalDue(identity.server, options.nowMs)) return identity;
  return renewServerCertificate(identity, { nowMs: options.nowMs, names });
}

/** The identity of the folder. Throws, and says which file, when one is not there or cannot be read. */
export function readFarmIdentity(folder: string): FarmIdentity {
  const files = farmIdentityFiles(folder);
  const authority = {
    certificatePem: read(files.authority, parseCertificate),
    privateKeyPem: read(files.authorityKey, parseText),
  };
  return {
    folder,
    authority,
    fingerprint: fingerprintOf(authority.certificatePem),
    nats: read(files.nats, parseNatsTrust),
    server: read(files.server, parseServer),
  };
}

/** True when so little of its lifetime is left that it should be renewed now. */
export function isRenewalDue(
  certificate: { readonly notBeforeMs: number; readonly notAfterMs: number },
  nowMs: number,
): boolean {
  const { notBeforeMs, notAfterMs } = certificate;
  return nowMs > notAfterMs - (notAfterMs - notBeforeMs) * RENEWED_AT;
}

/** The identity with a new certificate for its servers, which is on disk by then. */
export async function renewServerCertificate(
  identity: FarmIdentity,
  options: { readonly nowMs: number; readonly names?: readonly string[] },
): Promise<FarmIdentity> {
  const names = options.names ?? identity.server.names;
  const server = await serverFile(identity.authority, names, options.nowMs);
  writePrivateFile(farmIdentityFiles(identity.folder).server, server);
  return { ...identity, server: parseServer(server) };
}

/** Keeps what the farm's NATS servers trust: after a revocation. */
export function writeNatsTrust(folder: string, trust: NatsTrust): void {
  writePrivateFile(farmIdentityFiles(folder).nats, `${JSON.stringify(trust, null, 2)}\n`);
}

/** Made beside and moved in place: a folder that is there is a whole one. */
async function makeFarmIdentity(folder: string, { nowMs, names }: OpenFarmIdentityOptions): Promise<void> {
  const farm = randomBytes(4).toString("hex");
  const authority = await makeAuthority({ farm, nowMs });
  const trust = await makeNatsTrust({ farm });
  const server = await serverFile(authority, names ?? LOOPBACK_NAMES, nowMs);
  const temporary = `${folder}.${farm}.new`;
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  try {
    chmodSync(temporary, 0o700);
    const files = farmIdentityFiles(temporary);
    writePrivateFile(files.authority, authority.certificatePem);
    writePrivateFile(files.authorityKey, authority.privateKeyPem);
    writePrivateFile(files.server, server);
    writeNatsTrust(temporary, trust);
    renameSync(temporary, folder);
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process was first: its identity is the farm's.
    if (!existsSync(folder)) throw cause;
  }
}

async function serverFile(authority: Authority, names: readonly string[], nowMs: number): Promise<string> {
  const issued = await issueServerCertificate(authority, { names, nowMs, lifetimeMs: SERVER_LIFETIME_MS });
  return `${issued.certificatePem}${issued.privateKeyPem}`;
}

function read<T>(path: string, parse: (text: string) => T): T {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the farm's identity is not whole: ${reason}. ${RESTORE}`, { cause });
  }
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`${path} is not what Kiln wrote there. ${RESTORE}`, { cause });
  }
}

const RESTORE =
  "Restore the folder from a backup; or remove the whole folder, and the farm gets a new identity that all its agents must join again";

function parseText(text: string): string {
  if (!text.includes("PRIVATE KEY")) throw new Error("no private key");
  return text;
}

function parseCertificate(text: string): string {
  fingerprintOf(text);
  return text;
}

function parseServer(text: string): FarmServerCertificate {
  const certificatePem = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/.exec(text)?.[0];
  const privateKeyPem = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----\n/.exec(text)?.[0];
  if (certificatePem === undefined || privateKeyPem === undefined) throw new Error("no certificate and key");
  const { validFromDate, validToDate, subjectAltName } = new X509Certificate(certificatePem);
  return {
    certificatePem,
    privateKeyPem,
    notBeforeMs: validFromDate.getTime(),
    notAfterMs: validToDate.getTime(),
    names: (subjectAltName ?? "").split(", ").map((name) => name.replace(/^(?:DNS|IP Address):/, "")),
  };
}

function parseNatsTrust(text: string): NatsTrust {
  const value = JSON.parse(text) as Partial<NatsTrust> | null;
  const accounts = [value?.systemAccount, value?.account];
  const parts = [value?.operator, ...accounts];
  const isWhole =
    parts.every((part) => typeof part?.seed === "string" && typeof part.jwt === "string") &&
    accounts.every((account) => typeof account?.publicKey === "string") &&
    typeof value?.revokedMs === "object";
  if (!isWhole) throw new Error("keys are missing");
  return value as NatsTrust;
}
