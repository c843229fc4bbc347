import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { refusal } from "./refusal.ts";

/** Below this, sending everything again costs less than asking how much of it is there. */
const RESUME_BYTES_MIN = 1024 * 1024;
/** Uploads that arrive damaged before the fault is taken to be here and not on the way. */
const DAMAGED_MAX = 3;
/** Read and sent at once. The same file as a Blob cost the sender twice the processor time. */
const PIECE_BYTES = 1024 * 1024;

export interface BlobRequest {
  readonly method: "GET" | "HEAD" | "PUT";
  /** What follows the address of the blob, for example `/upload`. */
  readonly below?: string;
  readonly body?: ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FileToStore {
  readonly path: string;
  readonly filename: string;
  readonly sizeBytes: number;
}

/** One file on its way to the coordinator, in as many attempts as that takes. */
export class BlobUpload {
  readonly #file: FileToStore;
  readonly #ask: (request: BlobRequest) => Promise<Response>;
  readonly #note: (text: string) => void;
  #damaged = 0;

  /** `ask` sends a request about the file's digest. */
  constructor(file: FileToStore, ask: (request: BlobRequest) => Promise<Response>, note: (text: string) => void) {
    this.#file = file;
    this.#ask = ask;
    this.#note = note;
  }

  /** Sends what the coordinator lacks. Throws FinalError when another attempt does not help, else what broke. */
  async attempt(): Promise<void> {
    const { filename, sizeBytes } = this.#file;
    if ((await this.#ask({ method: "HEAD" })).status === 200) return this.#note(`${filename} is stored already`);
    const from = await this.#startOfRest();
    if (from > 0) this.#note(`${from} of ${sizeBytes} bytes of ${filename} are there: going on from byte ${from}`);
    const response = await this.#send(from);
    if (!response.ok) throw await this.#whyRefused(response);
    await response.body?.cancel();
    this.#note(`sent ${sizeBytes - from} bytes of ${filename}, from byte ${from}`);
  }

  /** The last byte is always sent: the coordinator may have all of them and not have checked them yet. */
  async #startOfRest(): Promise<number> {
    const { sizeBytes } = this.#file;
    if (sizeBytes < RESUME_BYTES_MIN) return 0;
    const response = await this.#ask({ method: "GET", below: "/upload" });
    if (!response.ok) throw await refusal("say what it has of", response);
    const state = (await response.json()) as { readonly receivedBytes?: unknown };
    const { receivedBytes } = state;
    return Number.isSafeInteger(receivedBytes) ? Math.min(Number(receivedBytes), sizeBytes - 1) : 0;
  }

  async #send(from: number): Promise<Response> {
    const { path, filename, sizeBytes } = this.#file;
    const file = createReadStream(path, { start: from, highWaterMark: PIECE_BYTES });
    // Without an encoding a file is read as bytes; the types do not know that.
    const body = Readable.toWeb(file) as ReadableStream<Uint8Array>;
    const length = { "content-length": String(sizeBytes - from) };
    const range = from > 0 ? { "content-range": `bytes ${from}-${sizeBytes - 1}/${sizeBytes}` } : {};
    const headers = { ...length, ...range };
    try {
      return await this.#ask({ method: "PUT", body, headers });
    } catch (cause) {
      this.#note(`the upload of ${filename} from byte ${from} broke off: it is tried again`);
      throw cause;
    }
  }

  async #whyRefused(response: Response): Promise<Error> {
    const { filename } = this.#file;
    // What is there is not what it was when asked, or another upload of the same bytes goes on from it.
    if (response.status === 409) return new Error(`the upload cannot go on yet: ${await response.text()}`);
    const text = await response.clone().text();
    if (response.status !== 400 || !text.includes("digest-mismatch")) return refusal("store", response);
    this.#damaged++;
    this.#note(`${filename} arrived with another digest and was refused`);
    return this.#damaged < DAMAGED_MAX ? new Error(`a blob arrived damaged: ${text}`) : refusal("store", response);
  }
}
