import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Logger } from "pino";
import type { AuditLog } from "../../services/audit-log.ts";
import { certificateRefusal, noteRefusedCertificate, noteStolenCertificates } from "../tls/refused-certificates.ts";
import { tlsOptions, type TlsMaterial } from "../tls/tls-material.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface TlsListener extends AsyncDisposable {
  readonly port: number;
  /** New connections see this certificate; those that are there go on. */
  replaceCertificate(tls: TlsMaterial): void;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMaterial;
  /** Default 10000: a handshake that takes longer is ended. */
  readonly handshakeTimeoutMs?: number;
}

/**
 * A port that gives `onConnection` connections whose client has shown a
 * certificate of the authority, and ends all others before they hear a word.
 * Those that came with a certificate of somebody else, or with none, are in the
 * audit log. Ending it ends every connection.
 */
export async function listenTls(
  options: ListenOptions,
  parts: { readonly audit: Pick<AuditLog, "note">; readonly log: Logger },
  onConnection: (socket: TLSSocket) => void,
): Promise<TlsListener> {
  const { host, port, tls, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = options;
  const { audit, log } = parts;
  const refusing = { audit, port: "gRPC" } as const;
  const sockets = new Set<Socket>();
  const server = createServer({ ...tlsOptions(tls), ALPNProtocols: ["h2"], handshakeTimeout: handshakeTimeoutMs });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("secureConnection", (socket) => {
    // A connection that breaks is its owner's to notice; without a listener it would end the process.
    socket.on("error", (cause) => log.debug({ err: cause }, "a connection broke"));
    const refusal = certificateRefusal(socket);
    if (refusal === null) return onConnection(socket);
    noteRefusedCertificate(refusing, refusal, socket.remoteAddress);
    socket.destroy();
  });
  noteStolenCertificates(server, refusing);
  server.on("tlsClientError", (cause, socket) => {
    log.debug({ err: cause }, "a TLS handshake failed");
    // Node leaves one open that has taken too long.
    socket.destroy();
  });
  server.listen({ host, port });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    replaceCertificate: (next) => server.setSecureContext(tlsOptions(next)),
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
