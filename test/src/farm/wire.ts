import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A stretch of wire to the coordinator's HTTPS port that counts what is sent, and damages it where a test says. */
export class Wire implements AsyncDisposable {
  /** Bytes that clients have sent, headers and what TLS adds included. */
  sentBytes = 0;
  #target = 0;
  #flipAt = Infinity;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers: { readonly bytes: number; readonly reached: () => void }[] = [];

  private constructor() {
    this.#server = createServer((client) => this.#pass(client));
  }

  static async listen(): Promise<Wire> {
    const wire = new Wire();
    await once(wire.#server.listen(0, "127.0.0.1"), "listening");
    return wire;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where it leads. */
  leadTo(httpUrl: string): void {
    this.#target = Number(new URL(httpUrl).port);
  }

  /** The byte of all that is sent that gets one bit turned over. */
  flipByteAt(offset: number): void {
    this.#flipAt = offset;
  }

  /** Resolves in the moment in which that much was sent. */
  sent(bytes: number): Promise<void> {
    return new Promise((reached) => this.#watchers.push({ bytes, reached }));
  }

  #pass(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    server.pipe(client);
    client.on("data", (bytes: Buffer) => {
      this.#count(bytes);
      if (server.write(bytes)) return;
      client.pause();
      server.once("drain", () => client.resume());
    });
    client.on("end", () => server.end());
  }

  #count(bytes: Buffer): void {
    const at = this.#flipAt - this.sentBytes;
    if (at >= 0 && at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ 1;
    this.sentBytes += bytes.length;
    for (const watcher of this.#watchers) if (this.sentBytes >= watcher.bytes) watcher.reached();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
