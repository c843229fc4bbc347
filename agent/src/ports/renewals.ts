import type { JoinFailure } from "../domain/join/join-failure.ts";
import type { Credentials } from "./credentials.ts";

export type RenewResult =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly failure: JoinFailure };

/** Where credentials come from, and where they are kept. */
export interface Renewals {
  /** Asks the farm for new credentials, with new keys, by the ones that still hold. Never rejects. */
  renew(current: Credentials): Promise<RenewResult>;
  /** Keeps them on disk in place of the old ones. Throws when it cannot. */
  keep(next: Credentials): void;
}
