"""Writes joint-diagonalisation.json: JADE and SOBI by their definitions in NumPy, diagonalised by pyriemann's `rjd`.

Usage: python generate.py   (versions in requirements.txt)
"""

import importlib.metadata
import itertools
import json
import pathlib

import numpy as np
from pyriemann.geometry.ajd import rjd

rng = np.random.default_rng(20261124)
mixing = rng.normal(size=(4, 4)) + 2.0 * np.eye(4)
offset = np.array([3.0, -1.0, 0.0, 10.0])


def whiten(x):
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.corrcoef(x.T))
    whitening = (vectors / np.sqrt(values)).T / x.std(axis=0)
    return centred @ whitening.T, whitening


def unmixing(matrices, whitening):
    rotation, _ = rjd(np.array(matrices), eps=1e-14, n_iter_max=1000)
    return (rotation.T @ whitening).tolist()


def jade(x):
    z, whitening = whiten(x)
    n, k = z.shape
    eye = np.eye(k)
    matrices = []
    for i, j in itertools.combinations_with_replacement(range(k), 2):
        moment = (z * (z[:, i] * z[:, j])[:, None]).T @ z / n
        cumulant = moment - (i == j) * eye - np.outer(eye[i], eye[j]) - np.outer(eye[j], eye[i])
        matrices.append(cumulant if i == j else np.sqrt(2.0) * cumulant)
    return unmixing(matrices, whitening)


def sobi(x, lags):
    z, whitening = whiten(x)
    n = len(z)
    lagged = [z[:-lag].T @ z[lag:] / n for lag in range(1, lags + 1)]
    return unmixing([(c + c.T) / 2.0 for c in lagged], whitening)


n = 1000
independent = np.column_stack([rng.laplace(size=n), rng.uniform(-1.0, 1.0, size=n), rng.exponential(size=n), rng.standard_t(5, size=n)])
series = np.zeros((n, 4))
noise = rng.normal(size=(n, 4))
for t in range(2, n):
    series[t] = [0.9, 0.5, -0.6, 1.2] * series[t - 1] + [0.0, 0.0, 0.0, -0.8] * series[t - 2] + noise[t]
x_jade, x_sobi = (np.round(s @ mixing.T + offset, 6) for s in (independent, series))

golden = {
    "generator": f"numpy {np.__version__}, pyriemann {importlib.metadata.version('pyriemann')}",
    "jade": {"x": x_jade.tolist(), "unmixing": jade(x_jade)},
    "sobi": {"x": x_sobi.tolist(), "lags": 10, "unmixing": sobi(x_sobi, 10)},
}
pathlib.Path(__file__).with_name("joint-diagonalisation.json").write_text(json.dumps(golden) + "\n")
