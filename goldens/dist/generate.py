"""Log densities, cdfs, entropies and moments on grids with extremes: SciPy, and mpmath for the Bernoulli.

python generate.py   (writes densities.json beside this file)
"""

import json
import pathlib

import mpmath
import numpy as np
from scipy import stats

# logits of 700 hide their probability behind 304 zeros
mpmath.mp.dps = 700

EXTREMES = [-1e300, -1e8, -1e3, -40.0, -37.5, -12.0, -1e-8, -0.0, 0.0, 1e-300, 0.3, 8.3, 40.0, 1e3, 1e8]


def rows(name, parameters, distribution, points, log_density):
    """One distribution on its points; only finite values, since JSON has no others."""
    with np.errstate(all="ignore"):
        cdf = distribution.cdf(points)
    keep = np.isfinite(log_density) & np.isfinite(cdf)
    return {
        "distribution": name,
        "parameters": parameters,
        "x": list(map(float, points[keep])),
        "log_density": list(map(float, log_density[keep])),
        "cdf": list(map(float, cdf[keep])),
        "entropy": float(distribution.entropy()),
        "mean": float(distribution.mean()),
        "variance": float(distribution.var()),
    }


cases = []
for location, scale in [(0.0, 1.0), (-3.5, 0.01), (1e4, 250.0), (0.0, 1e-100)]:
    points = np.concatenate([EXTREMES, location + scale * np.linspace(-9, 9, 37), location + scale * np.array([-37.0, -30.0, 30.0])])
    for name, family in [("normal", stats.norm), ("laplace", stats.laplace)]:
        distribution = family(location, scale)
        with np.errstate(all="ignore"):
            log_density = distribution.logpdf(points)
        cases.append(rows(name, [location, scale], distribution, points, log_density))
for low, high in [(0.0, 1.0), (-3.0, 5.5), (1e-9, 3e-9)]:
    points = low + (high - low) * np.linspace(0, 1, 21)
    distribution = stats.uniform(low, high - low)
    cases.append(rows("uniform", [low, high], distribution, points, distribution.logpdf(points)))
for logit in [-700.0, -30.0, -2.0, -1e-9, 0.0, 0.7, 12.0, 30.0]:
    # SciPy takes the probability, whose complement it rounds: at logit -30 its entropy is wrong in the sixth digit.
    one, zero = 1 / (1 + mpmath.exp(-mpmath.mpf(logit))), 1 / (1 + mpmath.exp(mpmath.mpf(logit)))
    cases.append(
        {
            "distribution": "bernoulli",
            "parameters": [logit],
            "x": [0.0, 1.0],
            "log_density": [float(mpmath.log(zero)), float(mpmath.log(one))],
            "cdf": [float(zero), 1.0],
            "entropy": float(-one * mpmath.log(one) - zero * mpmath.log(zero)),
            "mean": float(one),
            "variance": float(one * zero),
        }
    )

path = pathlib.Path(__file__).with_name("densities.json")
path.write_text(json.dumps({"cases": cases}, indent=1) + "\n")
