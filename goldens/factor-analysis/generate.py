"""Goldens from scikit-learn's FactorAnalysis and SciPy's distributions: scikit-learn.json.

`log_likelihood` is `FactorAnalysis.score`: the mean over samples of ln p(x) in nats, on the raw scale of x, constants included, with
the covariance of divisor n. That is the definition of `unmix`, so nothing is converted. The EM algorithm is run to a tolerance of
1e-11 nats of the total log-likelihood with the exact SVD.

`reconstruction` is mean + loadings @ posterior mean for the first ten pupils, which no rotation changes.

`indices` are the fit indices computed from scikit-learn's likelihood with SciPy's chi-squared distributions, by the formulas that
`FitIndices` documents.

    cargo xtask regen-goldens factor-analysis
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy import optimize, stats
from sklearn.decomposition import FactorAnalysis

import wide
from holzinger import observations

ROWS = 10


def noncentrality(chi2, df, level):
    """The noncentrality under which chi2 is the `level` quantile, 0 if there is none."""
    if stats.chi2.cdf(chi2, df) < level:
        return 0.0
    return optimize.brentq(lambda nc: stats.ncx2.cdf(chi2, df, nc) - level, 1e-12, 10 * chi2 + 100, xtol=1e-12)


def indices(x, log_likelihood, sigma, k):
    n, d = x.shape
    s = np.cov(x.T, bias=True)
    r = np.corrcoef(x.T)
    saturated = -0.5 * (d * np.log(2 * np.pi) + np.linalg.slogdet(s)[1] + d)
    independent = -0.5 * (d * np.log(2 * np.pi) + np.log(np.diag(s)).sum() + d)
    discrepancy, null = 2 * (saturated - log_likelihood), 2 * (saturated - independent)
    df, df0 = ((d - k) ** 2 - (d + k)) // 2, d * (d - 1) // 2
    wishart, wishart0 = (n - 1) * discrepancy, (n - 1) * null
    chi2 = (n - 1 - (2 * d + 5) / 6 - 2 * k / 3) * discrepancy
    scale = df * (n - 1)
    low, high = (np.sqrt(noncentrality(wishart, df, level) / scale) for level in (0.95, 0.05))
    excess, excess0 = max(wishart - df, 0), max(wishart0 - df0, 0)
    sd = np.sqrt(np.diag(s))
    residual = (r - sigma / np.outer(sd, sd))[np.triu_indices(d)]
    parameters = d * k + d - k * (k - 1) // 2 + d
    return {
        "chi_squared": chi2,
        "degrees_of_freedom": df,
        "p_value": stats.chi2.sf(chi2, df),
        "rmsea": np.sqrt(excess / scale),
        "rmsea_low": low,
        "rmsea_high": high,
        "cfi": 1 - excess / max(excess0, excess),
        "tli": (wishart0 / df0 - wishart / df) / (wishart0 / df0 - 1),
        "srmr": np.sqrt(np.mean(residual**2)),
        "parameters": parameters,
        "aic": -2 * n * log_likelihood + 2 * parameters,
        "bic": -2 * n * log_likelihood + np.log(n) * parameters,
    }


def golden(x, k):
    fa = FactorAnalysis(n_components=k, tol=1e-11, max_iter=200_000, svd_method="lapack").fit(x)
    assert fa.n_iter_ < fa.max_iter, "EM did not converge"
    log_likelihood = float(fa.score(x))
    return {
        "components": k,
        "iterations": int(fa.n_iter_),
        "log_likelihood": log_likelihood,
        "uniqueness": fa.noise_variance_.tolist(),
        "covariance": fa.get_covariance().tolist(),
        "log_density": fa.score_samples(x[:ROWS]).tolist(),
        "reconstruction": (fa.mean_ + fa.transform(x[:ROWS]) @ fa.components_).tolist(),
        "indices": indices(x, log_likelihood, fa.get_covariance(), k),
    }


def main():
    x = observations()
    out = {
        "versions": {"numpy": np.__version__, "scikit-learn": sklearn.__version__, "scipy": scipy.__version__},
        "fits": [golden(x, k) for k in (1, 2, 3)],
    }
    Path(__file__).with_name("scikit-learn.json").write_text(json.dumps(out, indent=1) + "\n")
    wide.main()


if __name__ == "__main__":
    main()
