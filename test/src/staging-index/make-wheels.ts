import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export interface WheelToMake {
  /** As its file writes it: `demo_pkg`. */
  readonly name: string;
  readonly version: string;
  /** More lines of METADATA. */
  readonly metadata?: readonly string[];
  /** Makes its bytes other than those of the same wheel without. */
  readonly salt?: string;
}

export interface MadeWheel {
  readonly path: string;
  readonly filename: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Python's own zip writer, so that these wheels are like those that tools make. */
const SCRIPT = `
import base64, hashlib, json, sys, zipfile
folder, wheels = sys.argv[1], json.loads(sys.argv[2])
for wheel in wheels:
    name, version = wheel["name"], wheel["version"]
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"VERSION = '{version}'\\n# {wheel.get('salt', '')}\\n",
        f"{info}/METADATA": "\\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *wheel.get("metadata", []), ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = ""
    with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text.encode())}\\n"
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\\n")
`;

/** Pure wheels that install, in the order asked for. */
export async function makeWheels(folder: string, wheels: readonly WheelToMake[]): Promise<readonly MadeWheel[]> {
  await promisify(execFile)("python3", ["-c", SCRIPT, folder, JSON.stringify(wheels)]);
  return Promise.all(
    wheels.map(async ({ name, version }) => {
      const filename = `${name}-${version}-py3-none-any.whl`;
      const path = join(folder, filename);
      const bytes = await readFile(path);
      return { path, filename, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
    }),
  );
}

/** The source of a pure package, to be built with setuptools. */
export async function pureSdist(folder: string, name: string): Promise<Buffer> {
  const top = `${name}-1.0`;
  await mkdir(join(folder, top, name), { recursive: true });
  const project = `[build-system]\nrequires = ["setuptools"]\n[project]\nname = "${name}"\nversion = "1.0"\n`;
  await writeFile(join(folder, top, "pyproject.toml"), project);
  await writeFile(join(folder, top, name, "__init__.py"), "VALUE = 1\n");
  await promisify(execFile)("tar", ["-C", folder, "-czf", join(folder, `${top}.tar.gz`), top]);
  return readFile(join(folder, `${top}.tar.gz`));
}
