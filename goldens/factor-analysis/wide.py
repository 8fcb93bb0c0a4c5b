"""A golden of more columns than rows from scikit-learn's FactorAnalysis: wide.json.

The data are drawn from a model with three factors and rounded, and stand in the file. scikit-learn has no least uniqueness; the model's noise
keeps every estimate far from ours, 0.005, which is checked here. Definitions as in generate.py.

    python wide.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.decomposition import FactorAnalysis

ROWS, COLUMNS, FACTORS = 60, 150, 3


def main():
    rng = np.random.default_rng(7)
    loadings = rng.normal(size=(COLUMNS, FACTORS)) * 0.6
    noise = rng.uniform(0.5, 1.2, size=COLUMNS)
    x = rng.normal(size=(ROWS, FACTORS)) @ loadings.T + rng.normal(size=(ROWS, COLUMNS)) * np.sqrt(noise) + 2
    x = np.round(x, 3)
    fits = []
    for k in (1, 2, 3):
        fa = FactorAnalysis(n_components=k, tol=1e-12, max_iter=1_000_000, svd_method="lapack").fit(x)
        assert fa.n_iter_ < fa.max_iter, "EM did not converge"
        share = fa.noise_variance_ / x.var(axis=0)
        assert share.min() > 0.01, share.min()
        fits.append({
            "components": k,
            "iterations": int(fa.n_iter_),
            "log_likelihood": float(fa.score(x)),
            "uniqueness": fa.noise_variance_.tolist(),
            "reconstruction": (fa.mean_ + fa.transform(x[:3]) @ fa.components_).tolist(),
        })
    out = {"versions": {"numpy": np.__version__, "scikit-learn": sklearn.__version__}, "x": x.tolist(), "fits": fits}
    Path(__file__).with_name("wide.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
