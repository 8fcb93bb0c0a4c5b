"""Writes infomax.json: unmixings by MNE's Infomax and extended Infomax, which are stochastic: compare codes, not digits.

Usage: python generate.py   (versions in requirements.txt)
"""

import json
import pathlib

import mne
import numpy as np
from mne.preprocessing import infomax

rng = np.random.default_rng(20261125)
n = 2000
mixing = rng.normal(size=(4, 4)) + 2.0 * np.eye(4)


def fit(extended, *sources):
    x = np.round(np.column_stack(sources) @ mixing.T, 5)
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    whitening = (vectors / np.sqrt(values)).T
    w = infomax(centred @ whitening.T, extended=extended, max_iter=1000, random_state=1, verbose=False)
    codes = centred @ (w @ whitening).T
    return {"extended": extended, "x": x.tolist(), "unmixing": (w @ whitening / codes.std(axis=0)[:, None]).tolist()}


def laplace():
    return rng.laplace(size=n)


golden = {
    "generator": f"mne {mne.__version__}",
    "fits": [
        fit(True, laplace(), rng.uniform(-1.0, 1.0, size=n), rng.exponential(size=n), rng.uniform(-1.0, 1.0, size=n)),
        fit(False, laplace(), laplace(), rng.exponential(size=n), laplace()),
    ],
}
pathlib.Path(__file__).with_name("infomax.json").write_text(json.dumps(golden) + "\n")
