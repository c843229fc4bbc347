import type { FarmHttp } from "../ports/farm-http.ts";

/** Requests to a test's own server, without TLS. */
export function plainHttp(url: string, headers: Readonly<Record<string, string>> = {}): FarmHttp {
  return {
    fetch: (path, request = {}) =>
      fetch(`${url}${path}`, { ...request, headers: { ...(request.headers as Record<string, string>), ...headers } }),
  };
}
