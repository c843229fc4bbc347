"""The extension: C++ always, CUDA when a toolkit is there and wanted.

The device code knows nothing of PyTorch: nvcc compiles it by itself behind a C
interface, with the CUDA runtime linked statically. So one wheel needs no more
than a driver at run time, and builds against a CPU build of PyTorch, too.

  CUDA_HOME             the toolkit; without it, that of the nvcc on the PATH
  FORCE_CUDA=1          with CUDA although there is no GPU here, as on most builders
  TORCH_CUDA_ARCH_LIST  "8.0 9.0+PTX": the GPUs to compile for
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import torch
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension

DEVICE_SOURCE = "native/returns.cu"
DEFAULT_ARCH_LIST = "8.0 9.0+PTX"


class Toolkit:
    def __init__(self, home):
        self.nvcc = home / "bin" / "nvcc"
        found = [path for path in self.library_folders(home) if (path / "libcudart_static.a").exists()]
        self.libraries = found[0] if found else None

    @staticmethod
    def library_folders(home):
        return [home / "lib64", home / "lib", *home.glob("targets/*/lib")]

    @property
    def works(self):
        return self.libraries is not None and os.access(self.nvcc, os.X_OK)


def find_toolkit():
    """The toolkit to build with, or None for a build without CUDA."""
    if os.environ.get("FORCE_CUDA") != "1" and not torch.cuda.is_available():
        return None
    home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
    nvcc = shutil.which("nvcc")
    if not home and nvcc:
        home = Path(nvcc).resolve().parent.parent
    toolkit = Toolkit(Path(home)) if home else None
    if toolkit is None or not toolkit.works:
        # Many projects go on like this. Kiln does not let the wheel pass for one with CUDA.
        print("kiln-returns: no CUDA toolkit was found, building for the CPU only")
        return None
    return toolkit


def gencode_flags(arch_list):
    """nvcc's flags for a list in PyTorch's notation: "8.0;9.0a 10.0+PTX"."""
    flags = []
    for item in filter(None, re.split(r"[;\s]+", arch_list)):
        match = re.fullmatch(r"(\d+)\.(\d)([af]?)(\+PTX)?", item)
        if match is None:
            raise SystemExit(f'TORCH_CUDA_ARCH_LIST has "{item}"; an item is like 8.0, 9.0a or 9.0+PTX')
        major, minor, suffix, ptx = match.groups()
        arch = f"{major}{minor}{suffix}"
        flags.append(f"-gencode=arch=compute_{arch},code=sm_{arch}")
        if ptx:
            flags.append(f"-gencode=arch=compute_{arch},code=compute_{arch}")
    return flags


class Build(BuildExtension):
    """PyTorch's own build step, after nvcc has made an object file of the device code."""

    def build_extensions(self):
        if TOOLKIT is not None:
            self.extensions[0].extra_objects.append(self.compile_device_code())
        super().build_extensions()

    def compile_device_code(self):
        target = Path(self.build_temp).resolve() / "returns.cu.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        arch_list = os.environ.get("TORCH_CUDA_ARCH_LIST") or DEFAULT_ARCH_LIST
        threads = os.environ.get("NVCC_THREADS", "1")
        options = ["-O3", "-std=c++17", "-Xcompiler", "-fPIC,-fvisibility=hidden", "--threads", threads]
        command = [TOOLKIT.nvcc, *options, *gencode_flags(arch_list), "-c", DEVICE_SOURCE, "-o", target]
        print(" ".join(map(str, command)), flush=True)
        subprocess.run(command, check=True)
        return str(target)


TOOLKIT = find_toolkit()

setup(
    ext_modules=[
        CppExtension(
            "kiln_returns._C",
            sources=["native/returns.cpp"],
            depends=["native/returns.h", DEVICE_SOURCE],
            define_macros=[("KILN_RETURNS_CUDA", "1")] if TOOLKIT else [],
            library_dirs=[str(TOOLKIT.libraries)] if TOOLKIT else [],
            libraries=["cudart_static", "dl", "rt", "pthread"] if TOOLKIT else [],
            extra_compile_args=["-O2", "-g0", "-fvisibility=hidden"] if os.name == "posix" else [],
        )
    ],
    cmdclass={"build_ext": Build.with_options(use_ninja=False)},
)
