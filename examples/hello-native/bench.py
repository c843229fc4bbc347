"""Times total() and dot() on a million doubles and writes what Kiln reads into $KILN_RESULTS.

    python bench.py [total] [dot]        both where none is named
"""

import json
import os
import sys
from array import array
from time import perf_counter

from kiln_hello import dot, total

WARM_UP_S = 0.3
# What else happens on a machine comes in bursts: a median over less than this is often that of a burst.
MEASURE_S = 0.4

values = array("d", (1.0 / (i + 1) for i in range(1_000_000)))
BENCHMARKS = {"total": lambda: total(values), "dot": lambda: dot(values, values)}


def measure(run):
    end = perf_counter() + WARM_UP_S
    while perf_counter() < end:
        run()
    samples = []
    end = perf_counter() + MEASURE_S
    while perf_counter() < end:
        start = perf_counter()
        run()
        samples.append(perf_counter() - start)
    return samples


chosen = sys.argv[1:] or list(BENCHMARKS)
lines = [{"kiln": "benchmarks/1"}]
for name in chosen:
    samples = measure(BENCHMARKS[name])
    lines.append({"benchmark": name, "metric": "time", "unit": "s", "better": "lower", "samples": samples})
lines.append({"end": len(chosen)})

with open(os.path.join(os.environ["KILN_RESULTS"], "bench.json"), "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
