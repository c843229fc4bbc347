import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { agentIdOf } from "@kiln/identity";
import type { FarmAddresses } from "../ports/credentials.ts";
import type { FakeIdentity } from "./fake-identity.ts";
import type { SignalBoard } from "./signal-board.ts";

export interface Refusal {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The coordinator's HTTPS port as agents see it: enrolment, renewal, leaving, and blobs in memory. */
export class FakeHttps implements AsyncDisposable {
  /** By digest. */
  readonly blobs = new Map<string, Buffer>();
  uploads = 0;
  /** Bodies of enrolments that were let in. */
  readonly enrolments: Record<string, unknown>[] = [];
  /** So many answers to enrolments are lost on their way. */
  answersToLose = 0;
  readonly renewals: string[] = [];
  readonly left: string[] = [];
  /** Instead of enrolling, and of renewing. */
  refusal: Refusal | null = null;
  /** By the farm's clock. */
  readonly skewMs = { now: 0 };
  role = "worker";
  readonly #identity: FakeIdentity;
  readonly #board: SignalBoard;
  readonly #addresses: () => Pick<FarmAddresses, "grpcAddress" | "natsUrl">;
  readonly #server: Server;

  constructor(
    identity: FakeIdentity,
    board: SignalBoard,
    addresses: () => Pick<FarmAddresses, "grpcAddress" | "natsUrl">,
  ) {
    this.#identity = identity;
    this.#board = board;
    this.#addresses = addresses;
    const { authority, server } = identity.identity;
    const options = {
      cert: server.certificatePem,
      key: server.privateKeyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
    };
    this.#server = createServer(options, (request, response) => void this.#answer(request, response));
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("date", new Date(Date.now() + this.skewMs.now).toUTCString());
    const path = request.url ?? "";
    if (path === "/ca.pem") return void response.end(this.#identity.identity.authority.certificatePem);
    if (path === "/api/v1/enrolments") return this.#enrol(request, response);
    const socket = request.socket as TLSSocket;
    const agentId = socket.authorized ? agentIdOf(socket.getPeerCertificate()) : null;
    if (agentId === null) return json(response, 401, { type: "urn:kiln:unauthorized", detail: "no certificate" });
    if (path === `/api/v1/agents/${agentId}/renewals`) return this.#renew(agentId, request, response);
    if (path === `/api/v1/agents/${agentId}/leave`) {
      this.left.push(agentId);
      json(response, 200, {});
      return this.#board.changed();
    }
    return this.#blob(path.split("/").at(-1) ?? "", request, response);
  }

  async #enrol(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as Record<string, string>;
    if (this.refusal) return json(response, this.refusal.status, this.refusal.body);
    this.enrolments.push(body);
    if (this.answersToLose > 0) {
      this.answersToLose -= 1;
      return void request.socket.destroy();
    }
    const agentId = `${body["name"]}-${this.enrolments.length}`.replaceAll(/[^a-z0-9-]/g, "-");
    const issued = await this.#identity.issue(agentId, body as { request: string; natsPublicKey: string });
    const { authority } = this.#identity.identity;
    const more = { authority: authority.certificatePem, labels: { pool: "a" }, role: this.role };
    json(response, 201, { agentId, ...issued, ...this.#addresses(), ...more });
  }

  async #renew(agentId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as { request: string; natsPublicKey: string };
    this.renewals.push(agentId);
    if (this.refusal) json(response, this.refusal.status, this.refusal.body);
    else json(response, 200, { agentId, ...(await this.#identity.issue(agentId, body)), ...this.#addresses() });
    this.#board.changed();
  }

  async #blob(digest: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "PUT") {
      const known = this.blobs.get(digest);
      return void response.writeHead(known ? 200 : 404).end(request.method === "GET" ? known : undefined);
    }
    this.uploads++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.blobs.set(digest, Buffer.concat(chunks));
    response.writeHead(201).end();
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}
