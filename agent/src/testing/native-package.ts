import { packPurePackage } from "./pure-package.ts";

/**
 * A backend that compiles an extension module with the C compiler of the PATH,
 * and builds a wheel of it, without anything from an index. Config settings:
 * "library" is the path of a C file that becomes a shared library beside the
 * tree, which the module then needs (the module itself needs memcpy, which x86_64 has since GLIBC_2.14); "without-libc" leaves the C library out of what it needs;
 * "without-extension" leaves the module out;
 * "tags", "record" and "extra" (JSON: path → bytes in base64) change the wheel.
 */
const BACKEND = `
import base64, hashlib, json, os, subprocess, sys, sysconfig, zipfile

def line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return "%s,sha256=%s,%d\\n" % (name, digest, len(data))

def compile(target, source, *options):
    subprocess.check_call(["cc", "-shared", "-fPIC", "-o", target, source, *options])

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    settings = config_settings or {}
    short = "cp%d%d" % sys.version_info[:2]
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tags = settings.get("tags", "%s-%s%s-%s" % (short, short, threads, platform))
    info = "kiln_pure-1.0.dist-info/"
    files = {"kiln_pure/__init__.py": b"ANSWER = 42\\n"}
    if "without-extension" not in settings:
        name = "_native" + sysconfig.get_config_var("EXT_SUFFIX")
        options = ["-I" + sysconfig.get_paths()["include"]]
        if "library" in settings:
            place = os.path.join(os.getcwd(), "beside")
            os.mkdir(place)
            compile(os.path.join(place, "libkilnbeside.so"), settings["library"])
            options += ["-L" + place, "-Wl,--no-as-needed", "-lkilnbeside", "-Wl,-rpath," + place]
        if "without-libc" in settings:
            options += ["-nostdlib", "-DWITHOUT_LIBC"]
        compile(name, "native.c", *options)
        files["kiln_pure/" + name] = open(name, "rb").read()
    for path, text in json.loads(settings.get("extra", "{}")).items():
        files[path] = base64.b64decode(text)
    files[info + "METADATA"] = b"Metadata-Version: 2.1\\nName: kiln-pure\\nVersion: 1.0\\n"
    files[info + "WHEEL"] = ("Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: false\\nTag: %s\\n" % tags).encode()
    record = "".join(line(*file) for file in files.items()) + info + "RECORD,,\\n"
    files[info + "RECORD"] = (record + settings.get("record", "")).encode()
    filename = "kiln_pure-1.0-%s.whl" % tags
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
    return filename
`;

const MODULE = `
#include <Python.h>
#include <string.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", 0, -1, 0};
#ifndef WITHOUT_LIBC
void *(*volatile copy)(void *, const void *, size_t) = memcpy;
#endif
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
`;

/** Packs a package with an extension module as an sdist; `changes` replace or add files. Returns its path in `folder`. */
export function packNativePackage(folder: string, changes: Readonly<Record<string, string>> = {}): string {
  const files = { "backend.py": BACKEND, "native.c": MODULE, "library.c": "int kiln_beside(void) { return 42; }\n" };
  return packPurePackage(folder, { ...files, ...changes });
}
