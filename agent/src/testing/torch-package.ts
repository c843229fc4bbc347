import { packPurePackage } from "./pure-package.ts";

/**
 * A backend that builds only where torch and its requirements are: it puts what
 * it was built with, and some of its environment, into the wheel. Config
 * settings: "place" puts the folder it was built in there, too; "version" is the
 * wheel's, 1.0 by default.
 */
const BACKEND = `
import base64, hashlib, json, os, shutil, time, zipfile
import kiln_helper, torch

NAMES = ("SOURCE_DATE_EPOCH", "FORCE_CUDA", "TORCH_CUDA_ARCH_LIST", "CUDA_HOME", "CUDA_PATH", "MAX_JOBS", "NVCC_THREADS",
         "CCACHE_DIR", "PIP_INDEX_URL", "KILN_TOKEN")

def line(name, text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return "%s,sha256=%s,%d\\n" % (name, digest, len(text.encode()))

def get_requires_for_build_wheel(config_settings=None):
    return ["kiln-late"]

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import kiln_late
    settings = config_settings or {}
    version = settings.get("version", "1.0")
    stem = "kiln_pure-" + version
    built = {"torch": torch.__version__, "env": {name: os.environ.get(name) for name in NAMES}}
    built["cc"] = shutil.which("cc")
    built["nvcc"] = shutil.which("nvcc")
    print("BUILT " + json.dumps(built))
    files = {
        "kiln_pure/__init__.py": "TORCH = %r\\n" % torch.__version__,
        stem + ".data/data/share/kiln-pure.txt": "data\\n",
        stem + ".dist-info/METADATA": "Metadata-Version: 2.1\\nName: kiln-pure\\nVersion: %s\\n" % version,
        stem + ".dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    if "place" in settings:
        files["kiln_pure/place.py"] = "PLACE = %r\\n" % os.getcwd()
    files[stem + ".dist-info/RECORD"] = "".join(line(*file) for file in files.items()) + stem + ".dist-info/RECORD,,\\n"
    when = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
    with zipfile.ZipFile(os.path.join(wheel_directory, stem + "-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(zipfile.ZipInfo(name, when), text, zipfile.ZIP_DEFLATED)
    return stem + "-py3-none-any.whl"
`;

/** Packs a package that is built against a PyTorch; returns the archive's path in `folder`. */
export function packTorchPackage(folder: string): string {
  return packPurePackage(folder, {
    "pyproject.toml":
      '[build-system]\nrequires = ["kiln-helper"]\nbuild-backend = "backend"\nbackend-path = ["build_tools"]\n',
    "build_tools/backend.py": BACKEND,
    "backend.py": 'raise ImportError("the source itself is not to be imported from")\n',
  });
}

/** What the backend said of a build, from its log. */
export function builtFacts(log: string): {
  readonly torch: string;
  readonly env: Readonly<Record<string, string | null>>;
  readonly cc: string | null;
  readonly nvcc: string | null;
} {
  const line = /BUILT (\{.*\})/.exec(log)?.[1];
  if (line === undefined) throw new Error(`the backend was not called: ${log}`);
  return JSON.parse(line) as ReturnType<typeof builtFacts>;
}
