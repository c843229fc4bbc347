import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FakeMachine } from "./fake-machine.ts";

const PROGRAM = fileURLToPath(new URL("./fake-programs.ts", import.meta.url));
const CUDA_RELEASE = "12.4.131";

/**
 * Programs that answer as those of a machine with NVIDIA GPUs do, from one file:
 * nvidia-smi, dmesg, ncu, and an nvcc whose programs run on the fake GPUs. Put
 * `env` into the environment of what shall see them. Only where there is a POSIX shell.
 */
export class FakeGpus {
  readonly #folder: string;

  /** `folder` is made, or taken over. */
  constructor(folder: string, machine: FakeMachine) {
    this.#folder = folder;
    for (const name of ["nvidia-smi", "dmesg", "ncu"]) this.#install(join(folder, "bin"), name);
    this.#install(join(folder, "cuda", "bin"), "nvcc");
    this.write(machine);
  }

  get env(): { readonly PATH: string; readonly CUDA_HOME: string } {
    const { PATH, CUDA_HOME } = this.bareEnv;
    return { PATH: [PATH, process.env["PATH"] ?? ""].join(delimiter), CUDA_HOME };
  }

  /** An environment with these programs and no others. */
  get bareEnv(): { readonly PATH: string; readonly CUDA_HOME: string; readonly HOME: string } {
    return { PATH: join(this.#folder, "bin"), CUDA_HOME: join(this.#folder, "cuda"), HOME: this.#folder };
  }

  get machine(): FakeMachine {
    return JSON.parse(readFileSync(this.#state, "utf8")) as FakeMachine;
  }

  /** What the programs answer from the next call on. */
  write(machine: FakeMachine): void {
    const temporary = `${this.#state}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(machine));
    renameSync(temporary, this.#state);
  }

  /** Changes one GPU. */
  change(uuid: string, changes: Partial<FakeMachine["gpus"][number]>): void {
    const { machine } = this;
    this.write({ ...machine, gpus: machine.gpus.map((gpu) => (gpu.uuid === uuid ? { ...gpu, ...changes } : gpu)) });
  }

  get #state(): string {
    return join(this.#folder, "machine.json");
  }

  #install(folder: string, name: string): void {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    const command = [process.execPath, PROGRAM, name, this.#state, CUDA_RELEASE].map((part) => `'${part}'`).join(" ");
    writeFileSync(path, `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(path, 0o755);
  }
}
