import { openFarmIdentity, type FarmServerCertificate } from "@kiln/identity";
import type { Logger } from "pino";
import type { Clock } from "../../ports/clock.ts";

const CHECK_INTERVAL_MS = 3_600_000;

/** Renews the servers' certificate of a farm that runs for long, before it runs out. */
export class CertificateRenewal {
  readonly #folder: string;
  readonly #parts: { readonly clock: Clock; readonly log: Logger };
  readonly #onRenewed: (server: FarmServerCertificate) => void;
  #current: string;
  #timer: NodeJS.Timeout | null = null;

  /** `onRenewed` is told of every certificate in the folder that differs from `current`, whoever put it there. */
  constructor(
    folder: string,
    current: FarmServerCertificate,
    parts: { readonly clock: Clock; readonly log: Logger },
    onRenewed: (server: FarmServerCertificate) => void,
  ) {
    this.#folder = folder;
    this.#current = current.certificatePem;
    this.#parts = parts;
    this.#onRenewed = onRenewed;
  }

  start(): void {
    this.#timer = setInterval(() => void this.check(), CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** Never rejects: what fails is tried again after an hour. */
  async check(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      const { server } = await openFarmIdentity(this.#folder, { nowMs: clock.nowMs() });
      if (server.certificatePem === this.#current) return;
      this.#current = server.certificatePem;
      this.#onRenewed(server);
      log.info({ notAfter: new Date(server.notAfterMs).toISOString() }, "the servers have a new certificate");
    } catch (cause) {
      log.error({ err: cause }, "the servers' certificate could not be renewed");
    }
  }
}
