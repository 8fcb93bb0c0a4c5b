"""Runs one peer on one data set, once for each line on standard input, and answers each with a line of JSON.

usage: serve.py WORKLOAD FOLDER

The folder holds x.npy; the answer holds the seconds of the fit alone and what is needed to compare its quality.
"""

import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def fastica(x, settings):
    from sklearn.decomposition import FastICA

    def run(seed):
        model = FastICA(whiten="unit-variance", fun="logcosh", max_iter=200, tol=settings["tolerance"], random_state=seed)
        model.fit(x)
        return {"unmixing": model.components_.tolist(), "iterations": int(model.n_iter_)}

    return "scikit-learn", run


def picard(x, settings):
    from picard import picard as fit

    def run(seed):
        whiten, w, _ = fit(
            x.T, fun="tanh", ortho=settings["orthogonal"], extended=True, tol=settings["tolerance"], max_iter=500, random_state=seed
        )
        return {"unmixing": (w @ whiten).tolist()}

    return "python-picard", run


def factor_analysis(x, settings):
    from sklearn.decomposition import FactorAnalysis

    def run(_seed):
        model = FactorAnalysis(settings["components"], tol=settings["tolerance"], max_iter=20000, svd_method="lapack")
        model.fit(x)
        return {"log_likelihood": float(model.score(x)), "iterations": int(model.n_iter_)}

    return "scikit-learn", run


def pca(x, settings):
    from sklearn.decomposition import PCA

    def run(_seed):
        model = PCA(settings["components"])
        model.fit(x)
        return {"explained": float(model.explained_variance_.sum())}

    return "scikit-learn", run


def ica_lingam(x, _settings):
    from lingam import ICALiNGAM

    def run(seed):
        model = ICALiNGAM(random_state=seed)
        model.fit(x)
        return {"weights": model.adjacency_matrix_.tolist()}

    return "lingam", run


WORKLOADS = {
    "fastica": fastica,
    "fastica-laplace": fastica,
    "fastica-uniform": fastica,
    "picard-o": picard,
    "picard": picard,
    "factor-analysis": factor_analysis,
    "pca": pca,
    "ica-lingam": ica_lingam,
}


def main():
    workload, folder = sys.argv[1:]
    x = np.load(f"{folder}/x.npy")
    with open(f"{folder}/settings.json") as file:
        settings = json.load(file)
    name, run = WORKLOADS[workload](x, settings)
    print(json.dumps({"peer_name": name, "peer_version": importlib.metadata.version(name)}), flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        answer = run(int(line))
        answer["seconds"] = time.perf_counter() - begun
        print(json.dumps(answer), flush=True)


main()
