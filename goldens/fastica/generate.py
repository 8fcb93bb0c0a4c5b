"""Writes fastica.json: fixed points of scikit-learn's FastICA at a tight tolerance, for every contrast and algorithm.

Usage: python generate.py   (versions in requirements.txt)
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.decomposition import FastICA

rng = np.random.default_rng(20260704)
n = 1000
sources = np.column_stack([rng.laplace(size=n), rng.uniform(-1.0, 1.0, size=n), rng.exponential(size=n), rng.standard_t(4, size=n)])
mixing = rng.normal(size=(4, 4)) + 2.0 * np.eye(4)
x = np.round(sources @ mixing.T + np.array([3.0, -1.0, 0.0, 10.0]), 6)

w_init = rng.normal(size=(4, 4))
fits = []
for algorithm in ["parallel", "deflation"]:
    for contrast, fun, alpha in [("log-cosh", "logcosh", 1.0), ("log-cosh", "logcosh", 1.5), ("exp", "exp", 1.0), ("cube", "cube", 1.0)]:
        ica = FastICA(
            algorithm=algorithm,
            fun=fun,
            fun_args={"alpha": alpha} if fun == "logcosh" else {},
            whiten="unit-variance",
            max_iter=20000,
            tol=1e-14,
            w_init=w_init,
        ).fit(x)
        fits.append(
            {
                "algorithm": algorithm,
                "contrast": contrast,
                "alpha": alpha,
                "iterations": int(ica.n_iter_),
                # the start as an unmixing of the data, which does not depend on how they are whitened
                "start": (w_init @ ica.whitening_).tolist(),
                "mean": ica.mean_.tolist(),
                "unmixing": ica.components_.tolist(),
                "mixing": ica.mixing_.tolist(),
            }
        )

golden = {"generator": f"scikit-learn {sklearn.__version__}", "x": x.tolist(), "fits": fits}
pathlib.Path(__file__).with_name("fastica.json").write_text(json.dumps(golden) + "\n")
