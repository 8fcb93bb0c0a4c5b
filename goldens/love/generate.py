"""Writes love.json: LOVE by its definition in the paper (algorithm 1 and section 4), row by row, in NumPy and SciPy.

The linear program for the precision of the factors is solved at lambda = 0. Usage: python generate.py   (versions in requirements.txt)
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import linprog

CONSTANT, THRESHOLD = 0.5, 0.5
rng = np.random.default_rng(20261123)
A = np.array(
    [[1, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0.6, 0.4, 0], [0, 0.5, -0.5], [0.3, 0.3, 0.3]]
)
C = np.array([[1.5, 0.3, 0.0], [0.3, 1.2, -0.4], [0.0, -0.4, 1.0]])
n, d = 2000, len(A)
x = rng.multivariate_normal(np.zeros(3), C, size=n) @ A.T + rng.normal(size=(n, d)) * rng.uniform(0.4, 0.8, size=d) + 3.0
x = np.round(x, 4)
sigma = np.cov(x.T, bias=True)
s = np.sqrt(np.diag(sigma))
delta = CONSTANT * np.sqrt(np.log(max(n, d)) / n)

size = np.abs(sigma)
np.fill_diagonal(size, -1.0)
top = size.argmax(axis=1)


def near(i, j):
    return size[i, top[i]] - size[i, j] <= delta * s[i] * (s[j] + s[top[i]])


groups = []
for i in range(d):
    found = {j for j in range(d) if j != i and near(i, j)}
    if all(near(j, i) for j in found):
        found |= {i}
        for group in groups:
            if group & found:
                group &= found
                break
        else:
            groups.append(found)
groups = sorted(sorted(g) for g in groups if len(g) > 1)
sign = {j: 1.0 if j == g[0] or sigma[g[0], j] >= 0 else -1.0 for g in groups for j in g}
k = len(groups)
cov = np.zeros((k, k))
theta = np.zeros((k, d))
for a, g in enumerate(groups):
    for b, h in enumerate(groups):
        pairs = [(i, j) for i in g for j in h if i != j]
        cov[a, b] = np.mean([abs(sigma[i, j]) if a == b else sign[i] * sign[j] * sigma[i, j] for i, j in pairs])
    for j in range(d):
        theta[a, j] = np.mean([sign[i] * sigma[i, j] for i in g if i != j])
# min ||w||_1 with C w = e_a
omega = np.array([
    (lambda w: w[:k] - w[k:])(linprog(np.ones(2 * k), A_eq=np.hstack([cov, -cov]), b_eq=np.eye(k)[a]).x) for a in range(k)
])
typical = np.array([np.mean(s[g]) for g in groups])
loadings = np.zeros((d, k))
for j in range(d):
    row = omega @ theta[:, j]
    loadings[j] = np.where(np.abs(row) > THRESHOLD * delta * s[j] * (np.abs(omega) @ typical), row, 0.0)
for a, g in enumerate(groups):
    for j in g:
        loadings[j] = sign[j] * np.eye(k)[a]
golden = {
    "generator": f"numpy {np.__version__}, scipy {scipy.__version__}",
    "delta": CONSTANT,
    "threshold": THRESHOLD,
    "rows": n,
    "covariance_of_variables": sigma.tolist(),
    "mean": x.mean(axis=0).tolist(),
    "groups": groups,
    "loadings": loadings.tolist(),
    "covariance": cov.tolist(),
    "uniqueness": (np.diag(sigma) - np.einsum("ij,jk,ik->i", loadings, cov, loadings)).tolist(),
}
# rows that have these covariances exactly need not be stored: the estimate depends on nothing else
pathlib.Path(__file__).with_name("love.json").write_text(json.dumps(golden) + "\n")
print(groups, np.round(loadings, 2), np.round(cov, 2), sep="\n")
