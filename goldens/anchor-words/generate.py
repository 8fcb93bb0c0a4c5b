"""Writes anchor-words.json: topics by anchor words (Arora et al. 2013) by their definitions in NumPy, recovered with SciPy's `nnls`.

Usage: python generate.py   (versions in requirements.txt)
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import nnls

rng = np.random.default_rng(20261123)
n, d, k, least = 400, 24, 3, 40

# four words of its own for each topic come first, the rest are shared
topics = np.zeros((d, k))
topics[12:] = rng.dirichlet(np.full(d - 12, 0.5), size=k).T * 0.7
for j in range(k):
    topics[4 * j : 4 * j + 4, j] = 0.3 * rng.dirichlet(np.ones(4))
x = np.array([rng.multinomial(rng.integers(5, 40), topics @ rng.dirichlet(np.full(k, 0.3))) for _ in range(n)], dtype=float)

lengths = x.sum(axis=1)
pairs = np.zeros((d, d))
for row, length in zip(x, lengths):
    pairs += (np.outer(row, row) - np.diag(row)) / (length * (length - 1))
q = pairs / n
p = q.sum(axis=1)
rows = q / p[:, None]

# FastAnchorWords: the farthest point from the span, then each replaced by the farthest from the span of the others
candidates = np.flatnonzero((x > 0).sum(axis=0) >= least)


def farthest(chosen):
    basis = np.linalg.qr(rows[chosen].T)[0] if len(chosen) else np.zeros((d, 0))
    left = rows[candidates] - rows[candidates] @ basis @ basis.T
    return candidates[np.argmax((left**2).sum(axis=1))]


anchors = []
for _ in range(k):
    anchors.append(farthest(anchors))
for place in range(k):
    anchors[place] = farthest(anchors[:place] + anchors[place + 1 :])

# RecoverL2 and RecoverKL: every word as a mixture of anchors
corners = rows[anchors]
HEAVY = 1e4  # the weight of the sum of 1, beside values below 1


def squared(row):
    w, _ = nnls(np.vstack([corners.T, np.full(k, HEAVY)]), np.append(row, HEAVY))
    return w / w.sum()


def divergence(row, steps=100000):
    w = np.full(k, 1.0 / k)
    for _ in range(steps):
        mixture = w @ corners
        w = w * (corners @ np.where(row > 0, row / np.where(mixture > 0, mixture, 1.0), 0.0))
        w /= w.sum()
    return w


def recover(weights):
    joint = weights * p[:, None]
    prior = joint.sum(axis=0)
    order = np.argsort(-prior)
    a = (joint / prior)[:, order]
    pinv = np.linalg.pinv(a)
    return {"topics": a.tolist(), "prior": prior[order].tolist(), "moment": (pinv @ q @ pinv.T).tolist(),
            "anchors": [int(anchors[j]) for j in order]}


def codes(document, a, steps=100000):
    z = np.full(k, 1.0 / k)
    for _ in range(steps):
        z = z * (a.T @ (document / np.maximum(a @ z, 1e-300)))
        z /= z.sum()
    return z * document.sum()


by_squares = recover(np.array([squared(row) for row in rows]))
by_divergence = recover(np.array([divergence(row) for row in rows]))
a = np.array(by_squares["topics"])
golden = {
    "generator": f"numpy {np.__version__}, scipy {scipy.__version__}",
    "x": x.astype(int).tolist(),
    "min_documents": least,
    "squared-distance": by_squares,
    "kullback-leibler": by_divergence,
    "codes": [codes(row, a).tolist() for row in x[:10]],
}
print(anchors, by_squares["prior"], np.abs(np.array(by_squares["topics"]) - np.array(by_divergence["topics"])).max())
pathlib.Path(__file__).with_name("anchor-words.json").write_text(json.dumps(golden) + "\n")
