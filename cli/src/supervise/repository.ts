import { join } from "node:path";

/** Root of the checkout that this program runs from. */
export const REPOSITORY = join(import.meta.dirname, "..", "..", "..");

/** Programs of the farm that run as processes of their own. */
export interface FarmPrograms {
  readonly coordinator: string;
  readonly agent: string;
}

/** The agent as one file, which is what can be installed, and the script that makes it. */
export const BUNDLE = {
  script: join(REPOSITORY, "tools", "bundle.ts"),
  folder: join(REPOSITORY, "dist"),
  file: join(REPOSITORY, "dist", "kiln-agent.mjs"),
} as const;

export const PROGRAMS: FarmPrograms = {
  coordinator: join(REPOSITORY, "coordinator", "src", "main.ts"),
  agent: join(REPOSITORY, "agent", "src", "main.ts"),
};
