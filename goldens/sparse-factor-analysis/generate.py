"""Writes sparse-factor-analysis.json: the posterior mode of the spike-and-slab lasso, by a general optimiser on the density as SciPy computes it.

The optimiser knows which loadings are not 0 and starts at the truth; at the mode it finds, every other loading is checked to raise the
penalty more than the likelihood. Usage: python generate.py   (versions in requirements.txt)
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import minimize
from scipy.stats import beta, invgamma, laplace, multivariate_normal

SLAB, SPIKE = 1.0, 400.0
rng = np.random.default_rng(20261123)
truth = np.zeros((8, 2))
truth[:4, 0] = [0.8, -0.7, 0.6, 0.7]
truth[4:7, 1] = [0.7, 0.8, 0.6]
truth[7] = [0.5, 0.5]
n, d, k = 400, *truth.shape
noise = 1.0 - (truth**2).sum(axis=1)
x = np.round(rng.normal(size=(n, k)) @ truth.T + rng.normal(size=(n, d)) * np.sqrt(noise), 6)
z = (x - x.mean(axis=0)) / x.std(axis=0)
free = truth != 0.0


def unpack(theta):
    loadings = np.zeros((d, k))
    loadings[free] = theta[: free.sum()]
    return loadings, np.exp(theta[free.sum() : -1]), 1.0 / (1.0 + np.exp(-theta[-1]))


def log_posterior(loadings, psi, share):
    likelihood = multivariate_normal(np.zeros(d), loadings @ loadings.T + np.diag(psi)).logpdf(z).sum()
    slab, spike = (laplace(scale=1.0 / rate).pdf(loadings) for rate in (SLAB, SPIKE))
    prior = np.log(share * slab + (1.0 - share) * spike).sum()
    return likelihood + prior + invgamma(0.5, scale=0.5).logpdf(psi).sum() + beta(2, 2).logpdf(share)


start = np.concatenate([truth[free], np.log(noise), [0.0]])
result = minimize(lambda t: -log_posterior(*unpack(t)), start, method="BFGS", options={"gtol": 1e-6, "maxiter": 10_000})
result = minimize(lambda t: -log_posterior(*unpack(t)), result.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 40_000, "adaptive": True})
loadings, psi, share = unpack(result.x)
for j, f in zip(*np.nonzero(~free)):
    for step in (1e-4, -1e-4):
        moved = loadings.copy()
        moved[j, f] = step
        assert log_posterior(moved, psi, share) < log_posterior(loadings, psi, share)
constants = d * (invgamma(0.5, scale=0.5).logpdf(1.0) + 0.5) + np.log(6.0)
golden = {
    "generator": f"numpy {np.__version__}, scipy {scipy.__version__}",
    "x": x.tolist(),
    "loadings": loadings.tolist(),
    "uniqueness": psi.tolist(),
    "share": share,
    # without the constants of the densities of uniquenesses and share
    "log_posterior": log_posterior(loadings, psi, share) - constants,
}
pathlib.Path(__file__).with_name("sparse-factor-analysis.json").write_text(json.dumps(golden) + "\n")
print(np.round(loadings, 4), share, golden["log_posterior"])
