"""Assignments of SciPy's linear_sum_assignment: square, rectangular, with ties and with forbidden pairs.

python -m pip install -r requirements.txt && python generate.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

rng = np.random.default_rng(20160801)


def case(name, matrix, maximize):
    matrix = np.asarray(matrix, dtype=float)
    rows, columns = linear_sum_assignment(matrix, maximize=maximize)
    return {
        "name": name,
        "shape": list(matrix.shape),
        # JSON has no infinity.
        "matrix": [None if np.isinf(v) else float(v) for v in matrix.ravel()],
        "maximize": maximize,
        "rows": rows.tolist(),
        "columns": columns.tolist(),
    }


def with_forbidden(matrix, maximize):
    matrix = matrix.copy()
    forbidden = rng.random(matrix.shape) < 0.3
    # Keep one assignment possible.
    for i in range(min(matrix.shape)):
        forbidden[i, i] = False
    matrix[forbidden] = -np.inf if maximize else np.inf
    return matrix


cases = []
for maximize in (False, True):
    for n, m in [(1, 1), (3, 3), (6, 6), (4, 7), (7, 4), (1, 5), (5, 1), (12, 12), (25, 30), (30, 25), (0, 3)]:
        cases.append(case(f"normal {n}x{m}", rng.normal(size=(n, m)), maximize))
        cases.append(case(f"ties {n}x{m}", rng.integers(0, 4, size=(n, m)), maximize))
        if n > 1 and m > 1:
            cases.append(case(f"forbidden {n}x{m}", with_forbidden(rng.normal(size=(n, m)), maximize), maximize))
    cases.append(case("constant", np.ones((4, 6)), maximize))
    cases.append(case("constant tall", np.ones((6, 4)), maximize))
    cases.append(case("negative", -rng.integers(0, 3, size=(8, 8)), maximize))

Path(__file__).with_name("assignment.json").write_text(json.dumps(cases, indent=0) + "\n")
