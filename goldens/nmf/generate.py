"""Writes nmf.json: NNDSVD by its definition on NumPy's SVD, and objectives and parts of scikit-learn's NMF, by
coordinate descent to the end and by multiplicative updates after a number of iterations.

Usage: python generate.py   (versions in requirements.txt)
"""

import importlib.metadata
import json
import pathlib
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import non_negative_factorization
from sklearn.decomposition._nmf import _initialize_nmf

x = load_digits().data[:100]
n, d = x.shape
k = 6


def nndsvd(x, k):
    """Boutsidis and Gallopoulos (2008), algorithm 2."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    w, h = np.zeros((n, k)), np.zeros((k, d))
    w[:, 0], h[0] = np.sqrt(s[0]) * np.abs(u[:, 0]), np.sqrt(s[0]) * np.abs(vt[0])
    for j in range(1, k):
        halves = [(np.maximum(sign * u[:, j], 0), np.maximum(sign * vt[j], 0)) for sign in (1, -1)]
        a, b = max(halves, key=lambda p: np.linalg.norm(p[0]) * np.linalg.norm(p[1]))
        norms = np.linalg.norm(a), np.linalg.norm(b)
        root = np.sqrt(s[j] * norms[0] * norms[1])
        w[:, j], h[j] = root * a / norms[0], root * b / norms[1]
    return np.where(w < 1e-6, 0, w), np.where(h < 1e-6, 0, h)


w0, h0 = nndsvd(x, k)
# scikit-learn's SVD is randomised
for ours, theirs in zip((w0, h0), _initialize_nmf(x, k, "nndsvd", random_state=0)):
    assert np.abs(ours - theirs).max() < 1e-2 * np.abs(theirs).max(), np.abs(ours - theirs).max()


def objective(w, h, loss, alpha_w, alpha_h, l1_ratio):
    y = w @ h
    if loss == "frobenius":
        fit = 0.5 * ((x - y) ** 2).sum()
    else:
        fit = (np.where(x > 0, x * np.log(np.where(x > 0, x, 1) / np.where(x > 0, y, 1)), 0) - x + y).sum()
    l1 = alpha_w * d * w.sum() + alpha_h * n * h.sum()
    l2 = alpha_w * d * (w**2).sum() + alpha_h * n * (h**2).sum()
    return fit + l1_ratio * l1 + 0.5 * (1 - l1_ratio) * l2


def fit(solver, loss, start, max_iter, alpha_w=0.0, alpha_h=0.0, l1_ratio=0.0):
    w, h = (a.copy() for a in start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w, h, _ = non_negative_factorization(
            x, w, h, n_components=k, init="custom", solver=solver, beta_loss=loss, tol=1e-10 if solver == "cd" else 0.0,
            max_iter=max_iter, alpha_W=alpha_w, alpha_H=alpha_h, l1_ratio=l1_ratio,
        )
    return {
        "iterations": max_iter, "alpha_w": alpha_w, "alpha_h": alpha_h, "l1_ratio": l1_ratio,
        "objective": objective(w, h, loss, alpha_w, alpha_h, l1_ratio),
        "parts": np.round(h / h.sum(axis=1, keepdims=True), 10).tolist(),
    }


# for the divergence scikit-learn sets entries of H below 2e-16 to 0, where multiplicative updates then stay: few iterations, so that there are none
rng = np.random.default_rng(20261123)
random = tuple(np.round(rng.uniform(0.5, 1.5, size=size), 10) for size in ((n, k), (k, d)))
filled = tuple(np.where(a == 0, x.mean(), a) for a in (w0, h0))
golden = {
    "generator": f"numpy {np.__version__}, scikit-learn {importlib.metadata.version('scikit-learn')}",
    "x": x.astype(int).tolist(),
    "w0": np.round(w0, 10).tolist(),
    "h0": np.round(h0, 10).tolist(),
    "random-w0": random[0].tolist(),
    "random-h0": random[1].tolist(),
    "frobenius": fit("cd", "frobenius", (w0, h0), 20000),
    "l1": fit("cd", "frobenius", (w0, h0), 20000, 0.05, 0.02, 1.0),
    "elastic": fit("cd", "frobenius", (w0, h0), 20000, 0.05, 0.1, 0.5),
    "frobenius-mu": fit("mu", "frobenius", filled, 2000),
    "kullback-leibler": fit("mu", "kullback-leibler", random, 200),
}
for name, value in golden.items():
    if isinstance(value, dict):
        print(name, value["objective"])
pathlib.Path(__file__).with_name("nmf.json").write_text(json.dumps(golden) + "\n")
