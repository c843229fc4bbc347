import os
import sys

from setuptools import Extension, setup

# Makes total() do this much more work, in percent: to see that a benchmark gate stops it.
slowdown = int(os.environ.get("KILN_HELLO_SLOWDOWN", "0"))

setup(
    ext_modules=[
        Extension(
            "kiln_hello._sums",
            sources=["native/sums.cpp"],
            language="c++",
            define_macros=[("KILN_HELLO_SLOWDOWN", str(slowdown))],
            extra_compile_args=["/std:c++17"] if sys.platform == "win32" else ["-std=c++17"],
        )
    ]
)
