"""Writes picard.json: optima of python-picard at a tight tolerance, for both variants, with and without `extended`.

Usage: python generate.py   (versions in requirements.txt)
"""

import importlib.metadata
import json
import pathlib

import numpy as np
from picard import picard

rng = np.random.default_rng(20261123)
n = 1000
mixing = rng.normal(size=(4, 4)) + 2.0 * np.eye(4)
offset = np.array([3.0, -1.0, 0.0, 10.0])


def mixed(*sources):
    return np.round(np.column_stack(sources) @ mixing.T + offset, 6)


data = {
    "both": mixed(rng.laplace(size=n), rng.uniform(-1.0, 1.0, size=n), rng.exponential(size=n), rng.standard_t(4, size=n)),
    "super-gaussian": mixed(rng.laplace(size=n), rng.laplace(size=n), rng.exponential(size=n), rng.standard_t(4, size=n)),
}
w_init = np.linalg.qr(rng.normal(size=(4, 4)))[0]

fits = []
for name, orthogonal, extended, contrast, fun in [
    ("both", True, True, "log-cosh", "tanh"),
    ("both", True, True, "exp", "exp"),
    ("both", True, True, "cube", "cube"),
    ("both", False, True, "log-cosh", "tanh"),
    ("super-gaussian", True, False, "log-cosh", "tanh"),
    ("super-gaussian", False, False, "log-cosh", "tanh"),
]:
    x = data[name]
    whiten, w, y, iterations = picard(
        x.T, fun=fun, ortho=orthogonal, extended=extended, w_init=w_init, tol=1e-12, max_iter=5000, return_n_iter=True
    )
    # sources of unit variance, as FastICA has them
    unmixing = w @ whiten / y.std(axis=1, keepdims=True)
    fits.append(
        {
            "data": name,
            "orthogonal": orthogonal,
            "extended": extended,
            "contrast": contrast,
            "iterations": int(iterations),
            # the start as an unmixing of the data, which does not depend on how they are whitened
            "start": (w_init @ whiten).tolist(),
            "unmixing": unmixing.tolist(),
        }
    )

golden = {
    "generator": f"python-picard {importlib.metadata.version('python-picard')}",
    "data": {name: x.tolist() for name, x in data.items()},
    "fits": fits,
}
pathlib.Path(__file__).with_name("picard.json").write_text(json.dumps(golden) + "\n")
