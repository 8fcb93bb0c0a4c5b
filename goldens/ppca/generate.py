"""Writes ppca.json: scikit-learn's PCA as probabilistic PCA (noise variance, mean log likelihood, Minka's dimension) of the nine
Holzinger-Swineford test scores and of a simulated table, and SciPy's density for a table with more columns than rows: there scikit-learn takes the
mean of the dropped eigenvalues over the rows alone, which is not the maximum of the likelihood.

Usage: python generate.py   (versions in requirements.txt)
"""

import csv
import json
import pathlib

import numpy as np
import sklearn
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.decomposition._pca import _assess_dimension

data = pathlib.Path(__file__).parents[2] / "crates/unmix-data/data/holzinger_swineford_1939.csv"
with open(data, newline="") as file:
    rows = list(csv.DictReader(file))
holzinger = np.array([[float(row[f"x{i}"]) for i in range(1, 10)] for row in rows])
rng = np.random.default_rng(20261123)


def simulated(n, d, k):
    return np.round(rng.normal(size=(n, k)) @ rng.normal(size=(k, d)) + 0.5 * rng.normal(size=(n, d)) + rng.normal(size=d), 4)


def table(x, standardize, counts):
    n, d = x.shape
    data = (x - x.mean(axis=0)) / x.std(axis=0) if standardize else x - x.mean(axis=0)
    # scikit-learn divides by n - 1; sqrt((n-1)/n) times the centred data has the covariance with divisor n
    scaled = data * np.sqrt((n - 1) / n)
    jacobian = np.log(x.std(axis=0)).sum() if standardize else 0.0
    fits = []
    for k in counts:
        pca = PCA(n_components=k, svd_solver="full").fit(scaled)
        noise, score = pca.noise_variance_, pca.score(data)
        if n <= d:
            noise *= (n - k) / (d - k)
        w = pca.components_.T * np.sqrt(pca.explained_variance_ - noise)
        covariance = w @ w.T + noise * np.eye(d)
        by_scipy = multivariate_normal(np.zeros(d), covariance).logpdf(data).mean()
        if n <= d:
            assert by_scipy > score
            score = by_scipy
        assert abs(by_scipy - score) < 1e-9 * abs(score)
        codes = data @ w @ np.linalg.inv(w.T @ w + noise * np.eye(k))
        fits.append(
            {
                "components": k,
                "noise_variance": noise,
                "explained_variance": pca.explained_variance_.tolist(),
                "explained_ratio": pca.explained_variance_ratio_.tolist(),
                "score": score - jacobian,
                # W Wᵀ and the part of the data that the posterior means carry are free of signs
                "shared_diagonal": (w**2).sum(axis=1).tolist(),
                "carried": (codes[:3] @ w.T).tolist(),
            }
        )
    result = {"x": x.tolist(), "standardize": standardize, "fits": fits}
    if n > d:
        spectrum = np.linalg.eigvalsh(np.cov(data.T))[::-1].copy()
        result["minka"] = int(PCA(n_components="mle", svd_solver="full").fit(data).n_components_)
        result["laplace"] = [float(_assess_dimension(spectrum, k, n)) for k in range(1, d)]
    return result


golden = {
    "generator": f"scikit-learn {sklearn.__version__}",
    "tables": [
        table(holzinger, False, [1, 3, 8]),
        table(holzinger, True, [2]),
        table(simulated(80, 12, 4), False, [4]),
        table(simulated(15, 40, 3), False, [1, 3]),
    ],
}
print([t.get("minka") for t in golden["tables"]])
pathlib.Path(__file__).with_name("ppca.json").write_text(json.dumps(golden) + "\n")
