"""Ranks, quantiles, correlations and tail probabilities of SciPy and NumPy; exp and tanh of mpmath.

python -m pip install -r requirements.txt && python generate.py
"""

import json
from pathlib import Path

import mpmath
import numpy as np
from scipy import stats

mpmath.mp.dps = 40
rng = np.random.default_rng(19960801)

samples = []
for n in (2, 3, 10, 51):
    x = rng.integers(-5, 6, size=n).astype(float)
    y = 0.5 * x + rng.normal(size=n)
    x[0], x[-1] = 7.0, -7.0  # so that it varies
    p = [0.0, 0.05, 0.25, 0.5, 0.9, 1.0]
    samples.append(
        {
            "x": x.tolist(),
            "y": y.tolist(),
            "mean": float(np.mean(y)),
            "variance": float(np.var(y, ddof=1)),
            "p": p,
            "quantiles": np.quantile(y, p, method="linear").tolist(),
            "ranks": stats.rankdata(x, method="average").tolist(),
            "pearson": float(stats.pearsonr(x, y).statistic),
            "spearman": float(stats.spearmanr(x, y).statistic),
        }
    )

z = [-8.0, -3.0, -1.0, 0.0, 0.5, 1.96, 5.0, 10.0, 30.0]
normal = {"z": z, "tail": [float(mpmath.erfc(mpmath.mpf(v) / mpmath.sqrt(2)) / 2) for v in z]}


def chi_square_tail(s, k):
    return float(mpmath.gammainc(mpmath.mpf(k) / 2, mpmath.mpf(s) / 2, mpmath.inf, regularized=True))


chi = [[s, k, chi_square_tail(s, k)] for k in (1.0, 2.0, 5.0, 44.0, 300.0) for s in (0.1, 1.0, 5.0, 40.0, 300.0)]

arguments = [1e-300, 1e-20, 1e-9, 1e-4, 0.01, 0.1, 0.3, 0.34, 0.35, 0.5, 0.55, 1.0, 2.0, 3.5, 5.0, 9.0, 15.0, 19.0, 19.1, 25.0]
arguments += rng.uniform(0, 6, size=60).tolist()
arguments += [-v for v in arguments]
elementary = [[v, float(mpmath.exp(mpmath.mpf(v))), float(mpmath.tanh(mpmath.mpf(v)))] for v in arguments]

out = {"samples": samples, "normal": normal, "chi_square": chi, "elementary": elementary}
Path(__file__).with_name("numerics.json").write_text(json.dumps(out, indent=0) + "\n")
