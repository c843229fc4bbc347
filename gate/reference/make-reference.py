"""Writes the values that the statistics of @kiln/gate are checked against.

    python3 gate/reference/make-reference.py > gate/src/statistics/fixtures/scipy-reference.json

Needs SciPy and NumPy; their versions and the seed are in the output. The
answers are SciPy's own (wilcoxon, false_discovery_control, binomtest), or
follow from them: a confidence bound is found by asking scipy.stats.wilcoxon
at every interval between pairwise averages, never by our own formula.
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats

SEED = 20260401
rng = np.random.default_rng(SEED)


def rounded(values, digits=6):
    return [float(round(v, digits)) for v in values]


def p_values(x, exact_by_permutation):
    """One-sided p-values; with ties by enumerating all signs, since 'exact' is for samples without."""
    method = stats.PermutationMethod(n_resamples=np.inf) if exact_by_permutation else "exact"
    greater = stats.wilcoxon(x, alternative="greater", method=method, zero_method="wilcox").pvalue
    less = stats.wilcoxon(x, alternative="less", method=method, zero_method="wilcox").pvalue
    return float(greater), float(less)


def lower_bound(x, alpha):
    """The smallest centre that wilcoxon(alternative='greater') does not reject at alpha."""
    averages = np.unique([(a + b) / 2 for i, a in enumerate(x) for b in x[i:]])
    between = (averages[:-1] + averages[1:]) / 2
    low, high = 0, len(between)
    while low < high:  # p rises with the centre asked about
        middle = (low + high) // 2
        p = stats.wilcoxon(x - between[middle], alternative="greater", method="exact").pvalue
        if p > alpha:
            high = middle
        else:
            low = middle + 1
    # Below the first average every value lies above the centre.
    if low == 0 and 0.5 ** len(x) > alpha:
        return None
    return float(averages[low])


signed_rank = []
for _ in range(500):
    n = int(rng.integers(1, 41))
    x = np.array(rounded(rng.normal(rng.normal(0, 0.5), 1, n)))
    greater, less = p_values(x, False)
    signed_rank.append({"x": x.tolist(), "greater": greater, "less": less})

tied = []
while len(tied) < 200:
    n = int(rng.integers(2, 10))
    x = rng.integers(-4, 6, n).astype(float)
    if np.count_nonzero(x) < 2:
        continue
    greater, less = p_values(x[x != 0], True)
    tied.append({"x": x.tolist(), "greater": greater, "less": less})

bounds = []
for _ in range(300):
    n = int(rng.integers(3, 26))
    alpha = float(rng.choice([0.05, 0.025, 0.01]))
    x = np.array(rounded(rng.normal(0.3, 1, n)))
    estimate = float(np.median([(a + b) / 2 for i, a in enumerate(x) for b in x[i:]]))
    mirrored = lower_bound(-x, alpha)
    bounds.append(
        {
            "x": x.tolist(),
            "alpha": alpha,
            "estimate": estimate,
            "lower": lower_bound(x, alpha),
            "upper": None if mirrored is None else -mirrored,
        }
    )

discovery = []
for _ in range(120):
    p = np.array(rounded(rng.uniform(0, 1, int(rng.integers(1, 25))) ** 2))
    discovery.append({"p": p.tolist(), "adjusted": stats.false_discovery_control(p).tolist()})

proportions = []
for _ in range(150):
    trials = int(rng.integers(1, 2000))
    successes = int(rng.binomial(trials, rng.uniform(0, 1) ** 3))
    interval = stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    proportions.append({"k": successes, "n": trials, "low": float(interval.low), "high": float(interval.high)})

sections = {
    "signedRank": signed_rank,
    "tied": tied,
    "bounds": bounds,
    "discovery": discovery,
    "proportions": proportions,
}
head = {"scipy": scipy.__version__, "numpy": np.__version__, "seed": SEED}
lines = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
for name, cases in sections.items():
    lines.append(f'"{name}": [\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]")
sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
