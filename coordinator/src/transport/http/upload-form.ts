import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream } from "@fastify/busboy";

/** The form cannot be taken; the message is for people. */
export class FormError extends Error {}

/** Of one field; longer ones (a description) are cut, and those that matter are short. */
const FIELD_BYTES_MAX = 64 * 1024;
const FIELDS_MAX = 20_000;
const FILES_MAX = 8;

export interface FormFile {
  /** The fields that came before the file; the first of each name. */
  readonly fields: ReadonlyMap<string, string>;
  /** Without folders. */
  readonly filename: string;
  readonly bytes: Readable;
}

/**
 * Reads a multipart/form-data request (RFC 7578) and gives the file of the
 * field `content` to `take` while it is coming; other files are skipped. Resolves
 * with what `take` does, once the form has ended. Where `take` fails, the rest
 * of the request is left for the caller. Throws FormError.
 */
export async function receiveForm<T>(request: IncomingMessage, take: (file: FormFile) => Promise<T>): Promise<T> {
  const fields = new Map<string, string>();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let taken: Promise<T> | null = null;
  let file: BusboyFileStream | null = null;
  const busboy = openForm(request);

  busboy.on("field", (name, value) => {
    if (!fields.has(name)) fields.set(name, value);
  });
  busboy.on("fieldsLimit", () => reject(new FormError(`the form has more than ${FIELDS_MAX} fields`)));
  busboy.on("file", (name, bytes, filename) => {
    // Until somebody listens: a form that breaks off must not be an uncaught error.
    bytes.on("error", () => undefined);
    if (name !== "content" || taken !== null) return void bytes.resume();
    file = bytes;
    taken = take({ fields, filename, bytes });
    taken.catch(reject);
  });
  busboy.on("finish", () => {
    if (taken) taken.then(resolve, reject);
    else reject(new FormError("the form has no file in a field named content"));
  });
  busboy.on("error", (cause) => reject(new FormError(`the form is not multipart/form-data: ${messageOf(cause)}`)));
  const brokeOff = (): void => {
    if (request.complete) return;
    const cause = new FormError("the request broke off");
    file?.destroy(cause);
    reject(cause);
  };
  request.once("close", brokeOff);

  request.pipe(busboy);
  try {
    return await promise;
  } finally {
    request.off("close", brokeOff);
    request.unpipe(busboy);
    busboy.destroy();
  }
}

function openForm(request: IncomingMessage): ReturnType<typeof Busboy> {
  const type = request.headers["content-type"];
  if (!type?.toLowerCase().startsWith("multipart/form-data")) {
    throw new FormError("send the file as multipart/form-data, as twine does");
  }
  try {
    return Busboy({
      headers: { ...request.headers, "content-type": type },
      limits: { fieldSize: FIELD_BYTES_MAX, fields: FIELDS_MAX, files: FILES_MAX, headerPairs: 50 },
    });
  } catch (cause) {
    throw new FormError(`the form is not multipart/form-data: ${messageOf(cause)}`);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
