"""Writes sparse-pca.json: objectives, components and ridge codes of scikit-learn's SparsePCA (method "cd", run to the end) from its own start,
the singular value decomposition. Its coordinate descent stops at a duality gap of 1e-8, and the alternation with it: the exact lasso by least angles ends it.

Usage: python generate.py   (versions in requirements.txt)
"""

import csv
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.decomposition import SparsePCA, dict_learning

data = pathlib.Path(__file__).parents[2] / "crates/unmix-data/data/holzinger_swineford_1939.csv"
with open(data, newline="") as file:
    rows = list(csv.DictReader(file))
holzinger = np.array([[float(row[f"x{i}"]) for i in range(1, 10)] for row in rows])
rng = np.random.default_rng(20261123)
loadings = np.zeros((3, 12))
for k in range(3):
    loadings[k, 4 * k : 4 * k + 4] = [3.0, 2.5, 2.0][k] * np.array([1, -1, 1, 1]) / 2
blocks = np.round(rng.normal(size=(100, 3)) @ loadings + 0.5 * rng.normal(size=(100, 12)), 4)
wide = np.round(rng.normal(size=(20, 2)) @ np.vstack([np.r_[np.ones(6), np.zeros(24)], np.r_[np.zeros(10), -np.ones(5), np.zeros(15)]])
                + 0.3 * rng.normal(size=(20, 30)), 4)


def table(x, standardize, fits):
    data = (x - x.mean(axis=0)) / x.std(axis=0) if standardize else x
    results = []
    for k, alpha in fits:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = SparsePCA(n_components=k, alpha=alpha, method="cd", tol=1e-15, max_iter=20000, random_state=0).fit(data)
            centred = data - data.mean(axis=0)
            code, dictionary, errors = dict_learning(centred.T, k, alpha=alpha, method="cd", tol=1e-15, max_iter=20000, random_state=0)
            assert abs(errors[-1] - model.error_[-1]) < 1e-9 * errors[-1]
            code, dictionary, errors = dict_learning(
                centred.T, k, alpha=alpha, method="lars", tol=1e-16, max_iter=20000, dict_init=dictionary, code_init=code, random_state=0
            )
            assert errors[-1] <= model.error_[-1] * (1 + 1e-12)
        print(model.error_[-1], errors[-1])
        signs = np.sign((model.components_ * code.T).sum(axis=1))
        model.components_ = signs[:, None] * code.T / np.linalg.norm(code, axis=0)[:, None]
        results.append(
            {
                "components": k,
                "alpha": alpha,
                "objective": errors[-1],
                "iterations": model.n_iter_,
                "components_": model.components_.tolist(),
                "codes": model.transform(data[:3]).tolist(),
            }
        )
        print(k, alpha, (model.components_ == 0).sum(axis=1))
    return {"x": x.tolist(), "standardize": standardize, "fits": results}


golden = {
    "generator": f"scikit-learn {sklearn.__version__}",
    "tables": [
        table(holzinger, True, [(3, 2.0), (3, 6.0), (2, 9.0)]),
        table(blocks, False, [(3, 1.0), (3, 4.0)]),
        table(wide, False, [(2, 1.0)]),
    ],
}
pathlib.Path(__file__).with_name("sparse-pca.json").write_text(json.dumps(golden) + "\n")
