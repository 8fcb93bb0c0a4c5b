"""Goldens of unmix-causal: ICA-LiNGAM and DirectLiNGAM of the `lingam` package and the adaptive lasso of scikit-learn.

Run `python generate.py` in an environment with requirements.txt; it writes ica_lingam.json, direct_lingam.json (of the same tables, by name) and
adaptive_lasso.json beside itself.
"""

import json
import pathlib

import numpy as np
from lingam import DirectLiNGAM, ICALiNGAM
from lingam.utils import predict_adaptive_lasso


def simulate(rng, d, n, noise, chance):
    """Rows of x = B x + e, the columns in random order and each divided by its standard deviation."""
    order = rng.permutation(d)
    weights = np.zeros((d, d))
    for position, effect in enumerate(order):
        for cause in order[:position]:
            if rng.random() < chance:
                weights[effect, cause] = rng.choice([-1, 1]) * rng.uniform(0.5, 1.5)
    e = noise(rng, (n, d))
    x = e @ np.linalg.inv(np.eye(d) - weights).T
    # what the test reads is what was fitted
    return np.round(x / x.std(axis=0), 5)


def graph_case(name, x):
    model = ICALiNGAM(random_state=0)
    model.fit(x)
    return {"name": name, "x": x.tolist(), "order": [int(i) for i in model.causal_order_], "weights": model.adjacency_matrix_.tolist()}


def direct_case(case):
    model = DirectLiNGAM()
    model.fit(np.array(case["x"]))
    return {"name": case["name"], "order": [int(i) for i in model.causal_order_], "weights": model.adjacency_matrix_.tolist()}


def lasso_case(rng, n, p):
    x = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4 * rng.normal(size=(p, p)))
    coefficients = np.where(rng.random(p) < 0.5, rng.normal(size=p), 0.0)
    x = np.column_stack([x, x @ coefficients + rng.normal(size=n)])
    kept = predict_adaptive_lasso(x, list(range(p)), p)
    correlation = np.corrcoef(x.T)
    return {
        "n": n,
        "among": correlation[:p, :p].tolist(),
        "with": correlation[:p, p].tolist(),
        "kept": [int(j) for j in np.flatnonzero(kept)],
    }


def main():
    rng = np.random.default_rng(20061)
    uniform = lambda rng, shape: rng.uniform(-1, 1, size=shape)
    laplace = lambda rng, shape: rng.laplace(size=shape)
    mixed = lambda rng, shape: np.where(np.arange(shape[1]) % 2 == 0, uniform(rng, shape), rng.exponential(size=shape) - 1)
    cases = [
        graph_case("four uniform", simulate(rng, 4, 400, uniform, 0.6)),
        graph_case("six Laplace", simulate(rng, 6, 1000, laplace, 0.4)),
        graph_case("five mixed", simulate(rng, 5, 600, mixed, 0.5)),
    ]
    folder = pathlib.Path(__file__).parent
    (folder / "ica_lingam.json").write_text(json.dumps(cases) + "\n")
    (folder / "direct_lingam.json").write_text(json.dumps([direct_case(case) for case in cases]) + "\n")
    sizes = [(n, p) for n in (40, 200, 2000) for p in (1, 2, 4, 8) for _ in range(5)]
    (folder / "adaptive_lasso.json").write_text(json.dumps([lasso_case(rng, n, p) for n, p in sizes]) + "\n")


if __name__ == "__main__":
    main()
