"""Goldens of unmix-causal: DAGMA of its authors' package, and NOTEARS by its definition with SciPy.

The authors' code of NOTEARS is in no registry, so algorithm 1 of the paper is written out here, with L-BFGS-B and the matrix exponential of SciPy. Run
`python generate.py` in an environment with requirements.txt; it writes continuous.json beside itself. Weights are those before the threshold, row = effect.
"""

import json
import pathlib

import numpy as np
import scipy.linalg
import scipy.optimize
from dagma.linear import DagmaLinear


def simulate(rng, d, n, degree):
    """Rows of x = B x + e with noises of variance 1, the columns in random order."""
    order = rng.permutation(d)
    weights = np.zeros((d, d))
    for position, effect in enumerate(order):
        for cause in order[:position]:
            if rng.random() < degree / (d - 1):
                weights[effect, cause] = rng.choice([-1, 1]) * rng.uniform(0.5, 2.0)
    x = rng.normal(size=(n, d)) @ np.linalg.inv(np.eye(d) - weights).T
    return np.round(x, 4), weights


def score(weights, x, penalty):
    centred = x - x.mean(axis=0)
    residual = centred - centred @ weights.T
    return 0.5 / len(x) * (residual**2).sum() + penalty * np.abs(weights).sum()


def dagma(x, penalty):
    weights = DagmaLinear(loss_type="l2").fit(x.copy(), lambda1=penalty, w_threshold=0.0).T
    return {"weights": weights.tolist(), "score": float(score(weights, x, penalty))}


def notears(x, penalty):
    d = x.shape[1]
    covariance = np.cov(x.T, bias=True)

    def cycles(w):
        exponential = scipy.linalg.expm(w * w)
        return np.trace(exponential) - d, 2 * w * exponential.T

    def objective(parts, rho, alpha):
        w = (parts[: d * d] - parts[d * d :]).reshape(d, d)
        residual = np.eye(d) - w
        h, of_h = cycles(w)
        value = 0.5 * np.trace(residual @ covariance @ residual.T) + 0.5 * rho * h * h + alpha * h + penalty * parts.sum()
        gradient = -residual @ covariance + (rho * h + alpha) * of_h
        return value, np.concatenate([(gradient + penalty).ravel(), (penalty - gradient).ravel()])

    bounds = [(0, 0) if i == j else (0, None) for _ in range(2) for i in range(d) for j in range(d)]
    parts, rho, alpha, h = np.zeros(2 * d * d), 1.0, 0.0, np.inf
    for _ in range(100):
        while True:
            found = scipy.optimize.minimize(objective, parts, (rho, alpha), "L-BFGS-B", jac=True, bounds=bounds).x
            w = (found[: d * d] - found[d * d :]).reshape(d, d)
            new = cycles(w)[0]
            if new <= 0.25 * h or rho >= 1e16:
                break
            rho *= 10
        parts, h = found, new
        alpha += rho * h
        if h <= 1e-8 or rho >= 1e16:
            break
    return {"weights": w.tolist(), "score": float(score(w, x, penalty))}


def main():
    rng = np.random.default_rng(2018)
    cases = []
    for d, n, degree in [(6, 200, 2.0), (10, 300, 2.0), (12, 200, 4.0)]:
        x, truth = simulate(rng, d, n, degree)
        cases.append({"x": x.tolist(), "truth": truth.tolist(), "dagma": dagma(x, 0.03), "notears": notears(x, 0.1)})
    (pathlib.Path(__file__).parent / "continuous.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
