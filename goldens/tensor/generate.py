"""Writes tensor.json: CP decompositions by tensorly, of any sign and non-negative, of noisy tensors with well-conditioned factors.

Usage: python generate.py   (versions in requirements.txt)
"""

import importlib.metadata
import json
import pathlib

import numpy as np
import tensorly as tl
from tensorly.decomposition import non_negative_parafac_hals, parafac

rng = np.random.default_rng(20261123)


def noisy(factors, noise):
    x = tl.cp_to_tensor((None, factors))
    return np.round(x + noise * x.std() * rng.normal(size=x.shape), 6)


def result(x, cp):
    weights, factors = tl.cp_normalize(cp)
    error = tl.norm(x - tl.cp_to_tensor(cp)) / tl.norm(x)
    return {
        "shape": list(x.shape),
        "x": x.ravel().tolist(),
        "weights": weights.tolist(),
        "factors": [f.tolist() for f in factors],
        "error": float(error),
    }


def best_of(x, rank, method=parafac):
    """The best of ten random starts: one from the singular vectors may end in a local optimum."""
    fits = [method(x, rank, n_iter_max=5000, init="random", tol=1e-14, random_state=seed) for seed in range(10)]
    return min(fits, key=lambda cp: tl.norm(x - tl.cp_to_tensor(cp)))


signed = noisy([rng.normal(size=(i, 3)) for i in (6, 5, 7)], 0.2)
fourth = noisy([rng.normal(size=(i, 2)) for i in (5, 4, 5, 4)], 0.2)
positive = noisy([rng.exponential(size=(i, 3)) * (rng.random(size=(i, 3)) < 0.8) for i in (6, 7, 5)], 0.05)

golden = {
    "generator": f"numpy {np.__version__}, tensorly {importlib.metadata.version('tensorly')}",
    "signed": result(signed, best_of(signed, 3)),
    "fourth": result(fourth, best_of(fourth, 2)),
    "non_negative": result(positive, best_of(positive, 3, non_negative_parafac_hals)),
}
pathlib.Path(__file__).with_name("tensor.json").write_text(json.dumps(golden) + "\n")
