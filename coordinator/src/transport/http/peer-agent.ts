import { TLSSocket } from "node:tls";
import { agentIdOf } from "@kiln/identity";
import type { FastifyRequest } from "fastify";

/** Asked for once a connection: reading a certificate takes longer than many a request. */
const known = new WeakMap<TLSSocket, string | null>();

/** The agent whose certificate, of the farm's authority, the connection has shown; null when it has shown none. */
export function peerAgentOf({ raw }: FastifyRequest): string | null {
  const { socket } = raw;
  if (!(socket instanceof TLSSocket)) return null;
  let agentId = known.get(socket);
  if (agentId === undefined) {
    agentId = socket.authorized ? agentIdOf(socket.getPeerCertificate()) : null;
    known.set(socket, agentId);
  }
  return agentId;
}
