import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";

/** A build backend (PEP 517) without dependencies, so that the build needs no index. */
const BACKEND = `
import base64, hashlib, os, zipfile

def line(name, text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return "%s,sha256=%s,%d\\n" % (name, digest, len(text.encode()))

VERSION = open("version.txt").read().strip() if os.path.exists("version.txt") else "1.0"
TWICE = "Name: other\\n" if os.path.exists("lie.txt") else ""

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "demo-%s-py3-none-any.whl" % VERSION
    info = "demo-%s.dist-info/" % VERSION
    texts = {
        "demo.py": open("demo.py").read(),
        info + "METADATA": "Metadata-Version: 2.1\\nName: demo\\nVersion: " + VERSION + "\\n" + TWICE,
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    texts[info + "RECORD"] = "".join(line(*file) for file in texts.items()) + info + "RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for path, text in texts.items():
            wheel.writestr(path, text)
    return name
`;

/** Of the project `demo`; `version.txt`, where there is one, has another version than 1.0. */
export const PURE_PROJECT: Readonly<Record<string, string>> = {
  "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  "backend.py": BACKEND,
  "demo.py": "ANSWER = 42\n",
};

/**
 * A pure-Python project `demo` 1.0 as a packed source (.tar.gz with one top-level folder), with more files. With
 * `lie.txt` its wheel's METADATA has a second name.
 */
export function tarOfPureProject(more: Readonly<Record<string, string>> = {}): Buffer {
  using folder = temporaryFolder();
  for (const [name, text] of Object.entries({ ...PURE_PROJECT, ...more })) {
    const path = join(folder.path, "demo-1.0", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return execFileSync("tar", ["-C", folder.path, "-czf", "-", "demo-1.0"]);
}
