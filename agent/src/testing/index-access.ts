import type { RunReader } from "@kiln/proto";
import type { IndexAccess } from "../adapters/host/run-index.ts";
import { plainHttp } from "./plain-http.ts";

/** Access to a test's own index of run 1, without TLS. */
export function indexAccess(url: string, password: string): IndexAccess {
  const reader: RunReader = { user: "r1", password };
  const basic = `Basic ${btoa(`${reader.user}:${reader.password}`)}`;
  return {
    coordinatorHttp: url,
    authorityFile: null,
    reader: async () => reader,
    get: (path, signal) => plainHttp(url, { authorization: basic }).fetch(path, { signal }),
  };
}
