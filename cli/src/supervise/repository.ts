import { join } from "node:path";

/** Root of the checkout that this program runs from. */
export const REPOSITORY = join(import.meta.dirname, "..", "..", "..");

/** Programs of the farm that run as processes of their own. */
export interface FarmPrograms {
  readonly coordinator: string;
  readonly agent: string;
}

export const PROGRAMS: FarmPrograms = {
  coordinator: join(REPOSITORY, "coordinator", "src", "main.ts"),
  agent: join(REPOSITORY, "agent", "src", "main.ts"),
};
