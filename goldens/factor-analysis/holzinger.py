"""The nine tests of Holzinger and Swineford (1939), from the project's bundled copy."""

import csv
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "crates/unmix-data/data/holzinger_swineford_1939.csv"
TESTS = [f"x{i}" for i in range(1, 10)]


def observations():
    """The tests x1 to x9 of all pupils, [301, 9]."""
    with DATA.open(newline="") as file:
        return np.array([[float(row[test]) for test in TESTS] for row in csv.DictReader(file)])
