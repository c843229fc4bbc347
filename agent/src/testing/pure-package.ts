import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { create } from "tar";
import { temporaryFolder } from "@kiln/testkit";

/** A build backend (PEP 517) that needs nothing but the standard library, so that tests need no index. */
const BACKEND = `
import base64, hashlib, os, zipfile

def line(name, text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return "%s,sha256=%s,%d\\n" % (name, digest, len(text.encode()))

NAME, VERSION = "kiln_pure", os.environ.get("KILN_PURE_VERSION", "1.0")

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if (config_settings or {}).get("fail"):
        raise RuntimeError("told to fail: " + config_settings["fail"])
    filename = "%s-%s-py3-none-any.whl" % (NAME, VERSION)
    info = "%s-%s.dist-info/" % (NAME, VERSION)
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as wheel:
        lines = []
        def add(name, text):
            wheel.writestr(name, text)
            lines.append(line(name, text))
        add("kiln_pure/__init__.py", open("src/kiln_pure/__init__.py").read())
        add("kiln_pure/answer.py", "ANSWER = 42\\n")
        add(info + "METADATA", "Metadata-Version: 2.1\\nName: kiln-pure\\nVersion: %s\\nProvides-Extra: more\\n" % VERSION)
        add(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        add(info + "RECORD", "".join(lines) + info + "RECORD,,\\n")
    return filename
`;

const FILES: Readonly<Record<string, string>> = {
  "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  "backend.py": BACKEND,
  "src/kiln_pure/__init__.py": "from .answer import ANSWER\n",
  "src/kiln_pure/answer.py": "ANSWER = 42\n",
  "tests/check.py": "import kiln_pure, os\nassert kiln_pure.ANSWER == 42\nprint(os.path.dirname(kiln_pure.__file__))\n",
};

/** Packs a tiny pure package as an sdist; `changes` replace or add files. Returns the path of the archive in `folder`. */
export function packPurePackage(folder: string, changes: Readonly<Record<string, string>> = {}): string {
  using source = temporaryFolder();
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    const target = join(source.path, "kiln-pure-1.0", path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  const archive = join(folder, `kiln-pure-${Object.keys(changes).length}.tar.gz`);
  create({ file: archive, cwd: source.path, gzip: true, sync: true, portable: true }, ["kiln-pure-1.0"]);
  return archive;
}
