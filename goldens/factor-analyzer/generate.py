"""Goldens from factor_analyzer: factor-analyzer.json.

factor_analyzer reports loadings and uniquenesses of the correlation matrix and no likelihood. `log_likelihood` is computed from them:
with Sigma = loadings @ loadings.T + diag(uniqueness), R the correlation matrix and sd the standard deviations of divisor n,

    log_likelihood = -(d ln 2 pi + ln |Sigma| + tr(Sigma^-1 R)) / 2 - sum_j ln sd_j

which is the mean over samples of ln p(x) in nats on the raw scale of x.

`varimax` is its Rotator with Kaiser's normalisation, iterated until the criterion no longer rises to rounding, applied to `loadings`.

    cargo xtask regen-goldens factor-analyzer
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from factor_analyzer import FactorAnalyzer, Rotator
from factor_analyzer.factor_analyzer import calculate_bartlett_sphericity, calculate_kmo

sys.path.append(str(Path(__file__).resolve().parents[1] / "factor-analysis"))
from holzinger import observations  # noqa: E402


def golden(x, k):
    fa = FactorAnalyzer(n_factors=k, method="ml", rotation=None).fit(x)
    loadings, uniqueness = fa.loadings_, fa.get_uniquenesses()
    sigma = loadings @ loadings.T + np.diag(uniqueness)
    r, d = np.corrcoef(x.T), x.shape[1]
    log_density = -0.5 * (d * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, r)))
    out = {
        "components": k,
        "log_likelihood": log_density - np.log(x.std(axis=0)).sum(),
        "loadings": loadings.tolist(),
        "uniqueness": uniqueness.tolist(),
    }
    if k > 1:
        rotator = Rotator(method="varimax", normalize=True, max_iter=10_000, tol=1e-16)
        out["varimax"] = rotator.fit_transform(loadings).tolist()
    return out


def minres(x, k):
    fa = FactorAnalyzer(n_factors=k, method="minres", rotation=None, bounds=(0.005, 1)).fit(x)
    return {"loadings": fa.loadings_.tolist(), "uniqueness": fa.get_uniquenesses().tolist()}


def main():
    x = observations()
    kmo_per_variable, kmo = calculate_kmo(x)
    chi_squared, p_value = calculate_bartlett_sphericity(x)
    out = {
        "versions": {name: version(name) for name in ("factor_analyzer", "numpy", "scikit-learn", "scipy")},
        "fits": [golden(x, k) for k in (1, 2, 3)],
        "minres": [minres(x, k) for k in (1, 2, 3)],
        "kmo": {"overall": float(kmo), "per_variable": kmo_per_variable.tolist()},
        "bartlett": {"chi_squared": float(chi_squared), "p_value": float(p_value)},
    }
    Path(__file__).with_name("factor-analyzer.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
