import { Agent, fetch as fetchWith, type RequestInit as RequestWith } from "undici";
import type { Credentials, CredentialSource } from "../../ports/credentials.ts";
import type { FarmHttp } from "../../ports/farm-http.ts";

/** Connections to the farm that one agent keeps open. */
const CONNECTIONS_MAX = 64;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * HTTPS to the farm with this agent's certificate, the newest one for each new
 * connection. No proxy is asked, and only the farm's own authority is trusted.
 */
export class AgentHttp implements FarmHttp, AsyncDisposable {
  readonly #credentials: CredentialSource;
  readonly #unwatch: () => void;
  #agent: Agent;

  constructor(credentials: CredentialSource) {
    this.#credentials = credentials;
    this.#agent = agentOf(credentials.current());
    this.#unwatch = credentials.watch(() => this.#replace());
  }

  async fetch(path: string, request: RequestInit = {}): Promise<Response> {
    const url = `${this.#credentials.current().farm.httpUrl}${path}`;
    // undici's own and Node's are the same, by types that do not know each other.
    return fetchWith(url, { ...(request as unknown as RequestWith), dispatcher: this.#agent });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch();
    await this.#agent.destroy();
  }

  /** What is under way ends over the connections that it has. */
  #replace(): void {
    const old = this.#agent;
    this.#agent = agentOf(this.#credentials.current());
    old.close().catch(() => undefined);
  }
}

function agentOf({ certificatePem, privateKeyPem, authorityPem }: Credentials): Agent {
  return new Agent({
    connections: CONNECTIONS_MAX,
    connect: { cert: certificatePem, key: privateKeyPem, ca: authorityPem, timeout: CONNECT_TIMEOUT_MS },
    // A job's upload may wait for a slow disk; its own time limit ends it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
