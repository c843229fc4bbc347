import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Interpreter } from "../../domain/interpreter.ts";
import { isUsableAuditwheel, moduleOf, planTool, type ToolPlan } from "../../domain/repair-tool.ts";
import type { ReadyTool } from "../host/job-context.ts";
import { cannotInstall } from "../host/repair-tools.ts";
import { moduleArguments } from "../host/run-module.ts";
import { folderStart } from "./image-pip.ts";

const PROBE_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 300_000;

/** Runs an errand in a container of an image. */
export type RepairErrand = (
  imageId: string,
  argv: readonly string[],
  /** Without folders it has no network; with them pip's settings and the network of steps that install. */
  folders: { readonly writable: string; readonly readOnly: string } | null,
  timeoutMs: number,
) => Promise<{ readonly ok: boolean; readonly output: string }>;

export interface ImageTool extends ReadyTool {
  /** A folder of this machine that it needs, read-only; null when it is the image's own. */
  readonly folder: string | null;
}

/** What has to be known of an image. */
export interface RepairImage {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly pythons: readonly Interpreter[];
  /** The folder with an interpreter's pip. */
  pip(python: Interpreter): Promise<string>;
}

/**
 * The auditwheel of an image: its own where it has one that takes patterns, as
 * the images of the manylinux project have; else one of an exact version,
 * installed once by an interpreter of the image and then given to jobs
 * read-only. What one image makes of it reaches no other's jobs.
 */
export class ImageRepair {
  readonly #folder: string;
  readonly #errand: RepairErrand;
  readonly #ready = new Map<string, Promise<ImageTool>>();

  constructor(folder: string, errand: RepairErrand) {
    this.#folder = folder;
    this.#errand = errand;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Throws, with what to do, when it cannot be had. */
  prepare(image: RepairImage, note: (text: string) => void): Promise<ImageTool> {
    let result = this.#ready.get(image.id);
    if (!result) {
      result = this.#prepare(image, note);
      this.#ready.set(image.id, result);
      // A failure is tried again by the next job.
      result.catch(() => this.#ready.delete(image.id));
    }
    return result;
  }

  /** Removes what belongs to images that are not known any more, or was left half done. */
  async keepOnly(imageIds: ReadonlySet<string>): Promise<void> {
    const starts = new Set([...imageIds].map(folderStart));
    for (const name of readdirSync(this.#folder)) {
      if (name.includes(".") || !starts.has(name.split("-", 1)[0] ?? "")) {
        await rm(join(this.#folder, name), { recursive: true, force: true });
      }
    }
  }

  async #prepare(image: RepairImage, note: (text: string) => void): Promise<ImageTool> {
    const look = ["/bin/sh", "-c", "auditwheel --version && patchelf --version"];
    const own = await this.#errand(image.id, look, null, PROBE_TIMEOUT_MS);
    if (own.ok && isUsableAuditwheel(own.output)) {
      const version = own.output.split(/\s+/, 2).join(" ");
      return { tool: "auditwheel", argv: ["auditwheel"], version: `${version} of the image`, folder: null };
    }
    const plan = planTool("auditwheel", image.pythons);
    if (!plan) {
      throw new Error(
        `the image ${image.name} has neither auditwheel 6.2 or newer nor a CPython 3.9 or newer to run it`,
      );
    }
    const title = plan.requirements.join(" ");
    const key = createHash("sha256").update(`${title}\0${plan.python.path}`).digest("hex").slice(0, 12);
    const folder = join(this.#folder, `${folderStart(image.id)}-${key}`);
    if (!existsSync(folder)) {
      note(`installing ${title} (once for this image)`);
      await this.#install(image, plan, folder);
    }
    const argv = [plan.python.path, ...moduleArguments(folder, moduleOf("auditwheel"))] as const;
    return { tool: "auditwheel", argv, version: title, folder };
  }

  async #install(image: RepairImage, { python, requirements }: ToolPlan, folder: string): Promise<void> {
    const pip = await image.pip(python);
    const temporary = `${folder}.${randomUUID()}`;
    await mkdir(temporary);
    try {
      const install = ["install", "--target", join(temporary, "tool"), "--only-binary", ":all:", "--", ...requirements];
      const argv = [python.path, ...moduleArguments(pip, "pip"), ...install];
      const { ok, output } = await this.#errand(
        image.id,
        argv,
        { writable: temporary, readOnly: pip },
        INSTALL_TIMEOUT_MS,
      );
      if (!ok) throw new Error(cannotInstall(requirements, output));
      await rename(join(temporary, "tool"), folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}
