import type { Logger } from "pino";
import {
  UNKNOWN_SOFTWARE,
  updateState,
  withReport,
  type AgentSoftware,
  type OfferedUpdate,
  type SoftwareReport,
} from "../domain/agent-update.ts";
import type { Actor, AuditEntry } from "../domain/audit.ts";
import { setUpdate } from "../domain/agent-changes.ts";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { UpdateStore } from "../ports/update-store.ts";
import type { AuditLog } from "./audit-log.ts";
import type { FarmEngine } from "./farm-engine.ts";

export type OfferOutcome =
  | { readonly ok: true; readonly software: AgentSoftware }
  | { readonly ok: false; readonly reason: "no-such-agent" | "no-such-blob" };

interface BundleRef {
  readonly version: string;
  /** Of a blob. */
  readonly sha256: string;
}

/** What routes need of it. */
export interface AgentUpdateApi {
  /** Resolves once the offer and its row of the audit log are durable. */
  offer(agentId: string, update: BundleRef, by: Actor): Promise<OfferOutcome>;
  softwareOf(agentId: string): AgentSoftware | null;
}

interface Parts {
  readonly engine: Pick<FarmEngine, "farm" | "act">;
  readonly store: UpdateStore;
  readonly blobs: BlobStore;
  readonly bus: AgentBus;
  readonly audit: Pick<AuditLog, "entry">;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Offers agents other versions of their software, again and again until each runs
 * what it was offered, or has said that it does not come up. Until then it is
 * drained by the rules of that mode, and asked when it has no job.
 */
export class AgentUpdates implements AgentUpdateApi {
  readonly #parts: Parts;
  readonly #known = new Map<string, AgentSoftware>();
  #lastOffer = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads what was offered before a restart, and begins to repeat it. */
  async start(intervalMs: number): Promise<void> {
    for (const software of await this.#parts.store.all()) {
      this.#known.set(software.agentId, software);
      this.#lastOffer = Math.max(this.#lastOffer, software.offered?.offer ?? 0);
    }
    for (const agentId of this.#parts.engine.farm.agents.keys()) await this.#drain(agentId);
    this.#timer = setInterval(() => this.repeat(), intervalMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  async offer(agentId: string, { version, sha256 }: BundleRef, by: Actor): Promise<OfferOutcome> {
    const { engine, blobs, audit, clock } = this.#parts;
    if (!engine.farm.agents.has(agentId)) return { ok: false, reason: "no-such-agent" };
    const sizeBytes = await blobs.size(sha256);
    if (sizeBytes === null) return { ok: false, reason: "no-such-blob" };
    const offer = (this.#lastOffer += 1);
    const offered: OfferedUpdate = {
      offer,
      version,
      sha256,
      sizeBytes,
      offeredAtMs: clock.nowMs(),
      failedBecause: null,
    };
    const software = { ...this.#of(agentId), offered };
    const detail = `version ${version}, SHA-256 ${sha256}`;
    await this.#keep(software, audit.entry(by, { what: "agent.update", object: agentId, detail }));
    await this.#drain(agentId);
    this.#repeatTo(software);
    return { ok: true, software };
  }

  softwareOf(agentId: string): AgentSoftware | null {
    return this.#parts.engine.farm.agents.has(agentId) ? this.#of(agentId) : null;
  }

  /** An agent has registered and said what it runs. */
  async registered(agentId: string, report: SoftwareReport): Promise<void> {
    const known = this.#of(agentId);
    const software = withReport(known, report);
    if (JSON.stringify(known) === JSON.stringify(software)) return this.#drain(agentId);
    await this.#keep(software, null);
    await this.#drain(agentId);
    const { offered } = software;
    if (offered) {
      const state = updateState(software, offered);
      this.#parts.log.info(
        { agentId, version: offered.version, state, reason: offered.failedBecause },
        "an update of an agent",
      );
    }
  }

  /** Offers again what is not taken yet. */
  repeat(): void {
    for (const software of this.#known.values()) this.#repeatTo(software);
  }

  #repeatTo(software: AgentSoftware): void {
    const { engine, bus } = this.#parts;
    const { agentId, takesUpdates, offered } = software;
    if (!takesUpdates || !offered || updateState(software, offered) !== "waiting") return;
    const agent = engine.farm.agents.get(agentId);
    if (agent?.presence === "online" && agent.busy === 0) bus.offerUpdate(agentId, offered);
  }

  /** Drained while an offer waits that the agent can take, and not for it any more after that. */
  async #drain(agentId: string): Promise<void> {
    const { engine } = this.#parts;
    const software = this.#of(agentId);
    const { takesUpdates, offered } = software;
    const isWaiting = takesUpdates && offered !== null && updateState(software, offered) === "waiting";
    const update = isWaiting ? { version: offered.version, sinceMs: offered.offeredAtMs } : null;
    const known = engine.farm.agents.get(agentId)?.standing.update ?? null;
    if (JSON.stringify(known) === JSON.stringify(update)) return;
    await engine.act((farm, effects, nowMs) => {
      const agent = farm.agents.get(agentId);
      if (agent) setUpdate(farm, agent, update, nowMs, effects);
    });
  }

  #of(agentId: string): AgentSoftware {
    return this.#known.get(agentId) ?? { agentId, ...UNKNOWN_SOFTWARE };
  }

  async #keep(software: AgentSoftware, audit: AuditEntry | null): Promise<void> {
    const { agentId } = software;
    const before = this.#of(agentId);
    this.#known.set(agentId, software);
    try {
      await this.#parts.store.put(software, audit);
    } catch (cause) {
      // What is not stored is not repeated: whoever asked is told that it failed.
      this.#known.set(agentId, before);
      throw cause;
    }
  }
}
