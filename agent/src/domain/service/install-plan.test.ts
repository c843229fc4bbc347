import { expect, test } from "vitest";
import { installPlaces, type MachineFolders, type ServicePlatform } from "./install-places.ts";
import { installActions, uninstallActions, type Action, type InstallWish } from "./install-plan.ts";

const FOLDERS: MachineFolders = {
  home: "/home/someone",
  userAgent: "/home/someone/.local/state/kiln/agent",
  programFiles: "C:\\Program Files",
  programData: "C:\\ProgramData",
  localAppData: "C:\\Users\\someone\\AppData\\Local",
};

function wish(platform: ServicePlatform, scope: "system" | "user", more: Partial<InstallWish> = {}): InstallWish {
  const places = installPlaces(platform, scope, "kiln-agent", FOLDERS);
  return {
    platform,
    places,
    settings: {
      name: "kiln-agent",
      scope,
      command: [`${places.programFolder}/node`, `${places.programFolder}/kiln-agent.mjs`, "service", "--folder", "x"],
      folder: places.folder,
      hasDocker: false,
      hasGpus: false,
      limits: { memoryBytes: null, cpus: null, tasks: null },
    },
    user: null,
    madeUser: platform === "linux" && scope === "system",
    program: [{ from: "/tmp/kiln-agent.mjs", name: "kiln-agent.mjs" }],
    join: { url: "https://farm:8270", token: "kiln_join_secret" },
    isManagerRunning: true,
    ...more,
  };
}

const CASES = (["linux", "darwin", "win32"] as const).flatMap((platform) =>
  (["system", "user"] as const).map((scope) => ({ platform, scope })),
);

/** Paths that an action makes or writes. */
function made(actions: readonly Action[]): string[] {
  return actions.flatMap((action) => (action.kind === "run" || action.kind === "remove" ? [] : [action.path]));
}

test.each(CASES)("what is installed on $platform for the $scope is removed as a whole", ({ platform, scope }) => {
  const asked = wish(platform, scope);
  const removed = uninstallActions(asked, { isManagerRunning: true, keepsFolder: false }).flatMap((action) =>
    action.kind === "remove" ? [action.path] : [],
  );
  for (const path of made(installActions(asked))) {
    expect(
      removed.some((folder) => path === folder || path.startsWith(folder)),
      path,
    ).toBe(true);
  }
});

test.each(CASES)("the farm is joined before the first start on $platform for the $scope", ({ platform, scope }) => {
  const actions = installActions(wish(platform, scope));
  const commands = actions.filter((action) => action.kind === "run");
  const joins = commands.findIndex(({ argv }) => argv.includes("join"));
  const starts = commands.findIndex(({ argv }) => /enable|bootstrap|\/Run/.test(argv.join(" ")));
  expect(joins).toBeGreaterThanOrEqual(0);
  expect(starts).toBeGreaterThan(joins);
  expect(commands[joins]?.env).toMatchObject({ KILN_JOIN_TOKEN: "kiln_join_secret" });
  // A command line is everybody's to read, and so are the files.
  for (const { argv } of commands) expect(argv.join(" ")).not.toContain("secret");
  for (const action of actions) if (action.kind === "write-file") expect(action.text).not.toContain("secret");
});

test("a user that was there before stays, and so does one whose folder is kept", () => {
  const commands = (made: boolean, keepsFolder: boolean) =>
    uninstallActions(wish("linux", "system", { madeUser: made }), { isManagerRunning: false, keepsFolder })
      .filter((action) => action.kind === "run")
      .map(({ argv }) => argv.join(" "));
  expect(commands(true, false)).toEqual(["userdel kiln-agent"]);
  expect(commands(false, false)).toEqual([]);
  expect(commands(true, true)).toEqual([]);
});

test("without a running service manager the service is only written", () => {
  const actions = installActions(wish("linux", "system", { isManagerRunning: false, join: null }));
  expect(made(actions)).toContain("/etc/systemd/system/kiln-agent.service");
  expect(actions.filter((action) => action.kind === "run").map(({ argv }) => argv[0])).toEqual(["useradd"]);
});
