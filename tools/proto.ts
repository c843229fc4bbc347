import { runTool } from "./tool.ts";

/** The contract that was last released, as a buf image; `buf breaking` compares with it. */
export const RELEASED_IMAGE = "released.binpb";

/** Runs buf in proto/. Throws with buf's words when it fails. */
export async function buf(args: readonly string[]): Promise<void> {
  const result = await runTool("buf", args, "proto");
  if (result.exitCode !== 0) throw new Error(`buf ${args.join(" ")} failed:\n${result.output}`);
}

/** Generates the TypeScript of the contract; its folder src/gen goes under `folder`. */
export async function generateProto(folder: string): Promise<void> {
  await buf(["generate", "--output", folder]);
}
