"""Goldens of linear causal disentanglement: closed forms, and the best order among all by an independent fit.

Run `python generate.py` in an environment with requirements.txt; it writes linear-disentanglement.json beside itself.

`exact`: random models in the setting of Squires et al. (2023). The precisions follow from unmixing, structure and strengths, which are the expected result.
`orders`: sample covariances of models with four latents, and the order of greatest Gaussian likelihood among all 24, each maximised by SciPy's BFGS over
structure and unmixing together, without the profiling of the library.
"""

import itertools
import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import minimize

rng = np.random.default_rng(8164)


def model(d, p, density):
    weights = np.tril(rng.choice([-1, 1], size=(d, d)) * rng.uniform(0.25, 1, size=(d, d)) * (rng.random((d, d)) < density), -1)
    structure = np.round(np.diag(rng.uniform(2, 4, size=d)) @ (np.eye(d) - weights), 3)
    unmixing = rng.uniform(-2, 2, size=(d, p))
    unmixing = np.round(unmixing / unmixing[np.arange(d), np.abs(unmixing).argmax(axis=1)][:, None], 6)
    strengths = np.round(rng.uniform(6, 8, size=d), 2)
    # the environments in random order
    targets = rng.permutation(d)
    structures = [structure]
    for target in targets:
        changed = structure.copy()
        changed[target] = 0
        changed[target, target] = strengths[target]
        structures.append(changed)
    return unmixing, structures, strengths, targets


def exact(d, p, density):
    unmixing, structures, strengths, targets = model(d, p, density)
    noises = [b @ unmixing for b in structures]
    return {
        "precisions": [(a.T @ a).tolist() for a in noises],
        # row k belongs to the target of environment k
        "unmixing": unmixing[targets].tolist(),
        "structure": structures[0][np.ix_(targets, targets)].tolist(),
        "strengths": strengths[targets].tolist(),
    }


def deviance(parameters, order, covariances, rows):
    """Minus twice the log likelihood without its constant: unmixing h, structure b, strengths 1."""
    d = len(order)
    h = parameters[: d * d].reshape(d, d)
    b = np.zeros((d, d))
    b[np.tril_indices(d)] = parameters[d * d :]
    total = 0.0
    for k, s in enumerate(covariances):
        changed = b.copy()
        if k > 0:
            place = list(order).index(k - 1)
            changed[place] = 0
            changed[place, place] = 1
        a = changed @ h
        total += rows * (np.trace(a @ s @ a.T) - 2 * np.linalg.slogdet(a)[1])
    return total / rows


def best_order(d, rows):
    unmixing, structures, _, targets = model(d, d, 0.75)
    covariances = []
    for structure in structures:
        z = rng.normal(size=(rows, d)) @ np.linalg.inv(structure).T
        x = z @ np.linalg.inv(unmixing).T
        covariances.append(np.round(np.cov(x.T), 6))
    root = np.linalg.cholesky(covariances[0])
    white = [np.linalg.solve(root, np.linalg.solve(root, s).T) for s in covariances]
    fits = []
    for order in itertools.permutations(range(d)):
        # from the truth, its rows in this order, and from the identity
        true = (unmixing @ root)[targets[list(order)]]
        values = []
        for start in (3 * true / np.linalg.norm(true, axis=1)[:, None], np.eye(d)):
            parameters = np.concatenate([start.ravel(), np.eye(d)[np.tril_indices(d)]])
            values.append(minimize(deviance, parameters, args=(order, white, rows), method="BFGS", options={"maxiter": 2000}).fun)
        fits.append((min(values), order))
    fits.sort()
    return {"rows": rows, "covariances": [s.tolist() for s in covariances], "order": list(fits[0][1]), "margin": fits[1][0] - fits[0][0]}


golden = {
    "generator": f"numpy {np.__version__}, scipy {scipy.__version__}",
    "exact": [exact(5, 10, 0.75) for _ in range(3)] + [exact(8, 9, 0.5), exact(1, 2, 0.5)],
    "orders": [best_order(4, rows) for rows in (100, 100, 300, 300, 1000, 1000)],
}
pathlib.Path(__file__).with_name("linear-disentanglement.json").write_text(json.dumps(golden) + "\n")
