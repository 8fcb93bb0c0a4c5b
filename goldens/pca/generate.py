"""Writes pca.json: scikit-learn's PCA of the nine Holzinger-Swineford test scores, and its PPCA log likelihoods.

Usage: python generate.py holzinger_swineford_1939.csv   (versions in requirements.txt)
"""

import csv
import json
import pathlib
import sys

import numpy as np
import sklearn
from sklearn.decomposition import PCA

with open(sys.argv[1], newline="") as file:
    rows = list(csv.DictReader(file))
names = [f"x{i}" for i in range(1, 10)]
x = np.array([[float(row[name]) for name in names] for row in rows])
standard = (x - x.mean(axis=0)) / x.std(axis=0)

fits = []
for standardize in [False, True]:
    for components in [3, 9]:
        data = standard if standardize else x
        # scikit-learn divides by n - 1; sqrt((n-1)/n) times the centred data has the covariance with divisor n
        pca = PCA(n_components=components, svd_solver="full").fit(data)
        likelihood = PCA(n_components=components, svd_solver="full")
        n = len(data)
        likelihood.fit(data * np.sqrt((n - 1) / n))
        likelihood.mean_ = data.mean(axis=0)
        jacobian = np.log(x.std(axis=0)).sum() if standardize else 0.0
        fits.append(
            {
                "standardize": standardize,
                "components": components,
                "explained_variance": pca.explained_variance_.tolist(),
                "explained_ratio": pca.explained_variance_ratio_.tolist(),
                "components_": pca.components_.tolist(),
                "log_density": (likelihood.score_samples(data) - jacobian).tolist(),
            }
        )

golden = {"generator": f"scikit-learn {sklearn.__version__}", "names": names, "x": x.tolist(), "fits": fits}
pathlib.Path(__file__).with_name("pca.json").write_text(json.dumps(golden) + "\n")
