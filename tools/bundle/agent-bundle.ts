import { readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { rolldown, type ModuleFormat, type Plugin } from "rolldown";
import { root } from "../tool.ts";

export interface AgentBundle {
  readonly version: string;
  readonly code: string;
  /** Folders of the registry's packages of which something is inside, sorted. */
  readonly packages: readonly string[];
}

const AGENT_MANIFEST = join(root, "agent", "package.json");

/**
 * What docker-modem loads for `ssh://` addresses only, which the agent has none
 * of: it carries native code, which no single file can.
 */
const LEFT_OUT: ReadonlySet<string> = new Set(["ssh2"]);

/** Node's own modules are named by every release; the rest of the bundle is told apart from them by this. */
const PACKAGE_FOLDER = /^(.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/u;

/**
 * The agent and everything that it imports as one text. Equal sources give equal
 * bytes, wherever the checkout is. `version` replaces the one in its manifest.
 */
export async function bundleAgent(format: ModuleFormat & ("es" | "cjs"), version?: string): Promise<AgentBundle> {
  const manifest = JSON.parse(await readFile(AGENT_MANIFEST, "utf8")) as { readonly version: string };
  const told = version ?? manifest.version;
  const build = await rolldown({
    cwd: root,
    input: join(root, "agent", "src", "main.ts"),
    platform: "node",
    logLevel: "warn",
    // An older Node must be able to read it to say that it is too old.
    transform: { target: "node18" },
    plugins: [leaveOut(), manifestOf(told)],
  });
  const { output } = await build.generate({
    format,
    codeSplitting: false,
    sourcemap: false,
    // Notices of licences stay; what they say is in LICENSES.txt too.
    comments: { legal: true, annotation: false, jsdoc: false },
    banner: banner(told, format),
  });
  await build.close();
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error(`the bundle has ${output.length} files instead of one`);
  return { version: told, code: chunk.code, packages: packageFolders(Object.keys(chunk.modules)) };
}

/** The first line says what the file is: `kiln agent update` reads it. */
function banner(version: string, format: "es" | "cjs"): string {
  const title = `// kiln-agent ${version} – runs on Node.js 24; licences of what is inside: LICENSES.txt`;
  const tooOld =
    'if (Number(process.versions.node.split(".")[0]) < 24) {\n' +
    '  process.stderr.write("kiln-agent needs Node.js 24 or newer; this is " + process.version + "\\n");\n' +
    "  process.exit(3);\n}";
  return format === "es" ? `#!/usr/bin/env node\n${title}\n${tooOld}` : `${title}\n${tooOld}`;
}

function leaveOut(): Plugin {
  return {
    name: "leave-out",
    resolveId: (source) => (LEFT_OUT.has(source) ? `\0${source}` : null),
    load: (id) =>
      LEFT_OUT.has(id.slice(1))
        ? `const absent = () => { throw new Error("${id.slice(1)} is not in the bundle"); };\nexport { absent as Client };\n`
        : null,
  };
}

/** Of its manifest the agent reads the version; the rest would only be more bytes. */
function manifestOf(version: string): Plugin {
  return {
    name: "agent-manifest",
    load: (id) => (id === AGENT_MANIFEST ? { code: JSON.stringify({ version }), moduleType: "json" } : null),
  };
}

function packageFolders(modules: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const module of modules) {
    const folder = PACKAGE_FOLDER.exec(module)?.[1];
    if (folder !== undefined && !module.startsWith("\0")) found.add(folder.split("/").join(sep));
  }
  return [...found].toSorted();
}
