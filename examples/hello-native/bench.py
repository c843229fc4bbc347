"""Times total() and dot() on a million doubles and writes what Kiln reads into $KILN_RESULTS."""

import json
import os
from array import array
from time import perf_counter

from kiln_hello import dot, total

WARM_UP_S = 0.2
SAMPLES = 40

values = array("d", (1.0 / (i + 1) for i in range(1_000_000)))
BENCHMARKS = {"total": lambda: total(values), "dot": lambda: dot(values, values)}


def measure(run):
    end = perf_counter() + WARM_UP_S
    while perf_counter() < end:
        run()
    samples = []
    for _ in range(SAMPLES):
        start = perf_counter()
        run()
        samples.append(perf_counter() - start)
    return samples


lines = [{"kiln": "benchmarks/1"}]
for name, run in BENCHMARKS.items():
    lines.append({"benchmark": name, "metric": "time", "unit": "s", "better": "lower", "samples": measure(run)})
lines.append({"end": len(BENCHMARKS)})

with open(os.path.join(os.environ["KILN_RESULTS"], "bench.json"), "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
