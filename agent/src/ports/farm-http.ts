/** HTTP requests to the farm as this agent. */
export interface FarmHttp {
  /** `path` begins with a slash. Rejects when there is no answer. */
  fetch(path: string, request?: RequestInit): Promise<Response>;
}
