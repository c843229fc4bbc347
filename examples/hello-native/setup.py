import sys

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "kiln_hello._sums",
            sources=["native/sums.cpp"],
            language="c++",
            extra_compile_args=["/std:c++17"] if sys.platform == "win32" else ["-std=c++17"],
        )
    ]
)
