"""Goldens of unmix-causal: tests of independence and PC of the `causal-learn` package.

Run `python generate.py` in an environment with requirements.txt; it writes causal_learn.json beside itself. The Sachs data are read from
crates/unmix-data.
"""

import csv
import gzip
import json
import pathlib

import numpy as np
from causallearn.search.ConstraintBased.PC import pc
from causallearn.search.ScoreBased.GES import ges
from causallearn.utils.cit import CIT

FOLDER = pathlib.Path(__file__).parent
SACHS = FOLDER.parent.parent / "crates/unmix-data/data/sachs.csv.gz"


def simulate(rng, d, n, chance):
    """Rows of x = B x + e with Gaussian noise, the columns in random order and each divided by its standard deviation."""
    order = rng.permutation(d)
    weights = np.zeros((d, d))
    for position, effect in enumerate(order):
        for cause in order[:position]:
            if rng.random() < chance:
                weights[effect, cause] = rng.choice([-1, 1]) * rng.uniform(0.5, 1.2)
    x = rng.normal(size=(n, d)) @ np.linalg.inv(np.eye(d) - weights).T
    # what the test reads is what was fitted
    return np.round(x / x.std(axis=0), 4)


def categories(rng, n):
    """Five columns of 2 to 4 levels, c of a and b, d of c, and e alone."""
    a, b, e = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(0, 4, n)
    c = np.where(rng.random(n) < 0.7, (a + b) % 3, rng.integers(0, 3, n))
    d = np.where(rng.random(n) < 0.75, c, rng.integers(0, 3, n))
    return np.column_stack([a, b, c, d, e])


def tests(rng, x, name, most):
    """p-values of random questions."""
    test, d = CIT(x, name), x.shape[1]
    asked = []
    for _ in range(60):
        some = [int(k) for k in rng.permutation(d)[: 2 + rng.integers(0, most + 1)]]
        asked.append({"x": some[0], "y": some[1], "given": some[2:], "p_value": float(test(some[0], some[1], some[2:]))})
    return asked


def graph(x, test, alpha):
    """Edges [i, j, directed] of PC-stable with the defaults of the package but its level."""
    return edges_of(pc(x, alpha, test, stable=True, uc_rule=0, uc_priority=2, show_progress=False).G.graph)


def edges_of(marks):
    edges = []
    for i in range(len(marks)):
        for j in range(i + 1, len(marks)):
            match (marks[i, j], marks[j, i]):
                case (0, 0):
                    pass
                case (-1, 1):
                    edges.append([i, j, True])
                case (1, -1):
                    edges.append([j, i, True])
                case _:
                    edges.append([i, j, False])
    return edges


def sachs():
    with gzip.open(SACHS, "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["condition"] == "observational"]
    names = [name for name in rows[0] if name not in ("condition", "target")]
    return np.log([[float(row[name]) for name in names] for row in rows])


def main():
    rng = np.random.default_rng(2014)
    cases = []
    for k in range(8):
        x = simulate(rng, 7, 250, 0.3)
        cases.append({"name": f"Gaussian {k}", "test": "fisher-z", "alpha": 0.01, "x": x.tolist(), "edges": graph(x, "fisherz", 0.01)})
    x = categories(rng, 1500)
    cases.append({"name": "categories", "test": "g-square", "alpha": 0.01, "x": x.tolist(), "edges": graph(x, "gsq", 0.01)})
    for alpha in (0.05, 0.01, 0.001):
        cases.append({"name": f"Sachs at {alpha}", "test": "fisher-z", "alpha": alpha, "x": [], "edges": graph(sachs(), "fisherz", alpha)})
    asked = {
        "fisher-z": {"case": 0, "asked": tests(rng, np.array(cases[0]["x"]), "fisherz", 5)},
        "g-square": {"case": 8, "asked": tests(rng, np.array(cases[8]["x"]), "gsq", 2)},
    }
    scored = [np.array(case["x"]) if case["x"] else sachs() for case in (*cases[:8], cases[-1])]
    searched = [edges_of(ges(x, "local_score_BIC")["G"].graph) for x in scored]
    (FOLDER / "causal_learn.json").write_text(json.dumps({"graphs": cases, "tests": asked, "ges": searched}) + "\n")


if __name__ == "__main__":
    main()
