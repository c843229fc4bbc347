import { ConfigError, readConfig } from "./config.ts";
import { startCoordinator } from "./coordinator.ts";

/** Resolves with why the process should stop. */
function stopRequested(exitWithParent: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
    if (exitWithParent) process.stdin.resume().once("close", () => resolve("the parent process ended"));
  });
}

async function main(): Promise<number> {
  const config = readConfig(process.env);
  const stopped = stopRequested(config.exitWithParent);
  await using coordinator = await startCoordinator(config);
  const { httpUrl, grpcAddress } = coordinator;
  process.stdout.write(`${JSON.stringify({ ready: true, httpUrl, grpcAddress })}\n`);
  await Promise.race([stopped, coordinator.failed]);
  return 0;
}

try {
  process.exitCode = await main();
} catch (cause) {
  const message =
    cause instanceof ConfigError
      ? cause.message
      : cause instanceof Error
        ? (cause.stack ?? cause.message)
        : String(cause);
  process.stderr.write(`kiln coordinator: ${message}\n`);
  process.exitCode = 3;
}
// A stdin that is still watched would keep the process.
process.stdin.unref?.();
