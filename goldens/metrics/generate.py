"""Goldens of unmix-metrics from NumPy, SciPy and scikit-learn.

Run `python generate.py` in an environment with requirements.txt; it writes beside itself codes.json (MCC and linear R² of small
tables) and chance.json (Monte-Carlo means with their standard errors: MCC of Haar rotations, Amari distances of Gaussian matrices).
"""

import json
import pathlib

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import ortho_group, pearsonr, spearmanr
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict


def mcc(codes, factors, correlation):
    table = np.array([[abs(correlation(z, y).statistic) for y in factors.T] for z in codes.T])
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].mean(), rows, columns


def mcc_out_of_sample(codes, factors, correlation):
    _, rows, columns = mcc(codes[0::2], factors[0::2], correlation)
    odd_codes, odd_factors = codes[1::2], factors[1::2]
    return np.mean([abs(correlation(odd_codes[:, i], odd_factors[:, j]).statistic) for i, j in zip(rows, columns)])


def scores(codes, factors):
    n, k = codes.shape
    fitted = LinearRegression().fit(codes, factors)
    plain = r2_score(factors, fitted.predict(codes), multioutput="raw_values")
    folds = PredefinedSplit(np.arange(n) % 5)
    predicted = cross_val_predict(LinearRegression(), codes, factors, cv=folds)
    ahead = r2_score(factors, predicted, multioutput="raw_values")
    return {
        "mcc": mcc(codes, factors, pearsonr)[0],
        "mcc-out-of-sample": mcc_out_of_sample(codes, factors, pearsonr),
        "mcc-spearman": mcc(codes, factors, spearmanr)[0],
        "mcc-spearman-out-of-sample": mcc_out_of_sample(codes, factors, spearmanr),
        "r2": ahead.mean(),
        "r2-per-factor": list(ahead),
        "r2-adjusted": np.mean(1 - (1 - plain) * (n - 1) / (n - 1 - k)),
    }


def case(name, codes, factors):
    # what the test reads is what was scored
    codes, factors = np.round(codes, 6), np.round(factors, 6)
    return {"name": name, "codes": codes.tolist(), "factors": factors.tolist(), "scores": scores(codes, factors)}


def assigned(table):
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].mean()


def amari(p):
    """The sums S(1) and S(2) of Amari's distance, in the normalisations of Bach and Jordan, Moreau and Macchi, and python-picard."""
    k = len(p)
    sums = []
    for q in (1, 2):
        powers = abs(p) ** q
        sums.append((powers.sum(1) / powers.max(1) - 1).sum() + (powers.sum(0) / powers.max(0) - 1).sum())
    return sums[0] / (2 * k * (k - 1)), sums[1] / (2 * k * (k - 1)), sums[1] / (2 * k)


def mean_and_error(values):
    values = np.asarray(values)
    return {"mean": values.mean(), "standard_error": values.std() / np.sqrt(len(values))}


def chance():
    rng = np.random.default_rng(5)
    rotations = {}
    for d in (2, 5, 10):
        draws = ortho_group.rvs(d, size=10000, random_state=rng)
        rotations[str(d)] = mean_and_error([assigned(abs(q)) for q in draws])
    names = ("bach-jordan", "moreau-macchi", "picard")
    gaussian = rng.normal(size=(10000, 10, 10))
    unit_rows = gaussian / np.linalg.norm(gaussian, axis=2, keepdims=True)
    formula = dict(zip(names, map(mean_and_error, np.transpose([amari(p) for p in gaussian]))))
    scaled = dict(zip(names, map(mean_and_error, np.transpose([amari(p) for p in unit_rows]))))
    return {"rotation-mcc": rotations, "amari-of-gaussian-10": formula, "amari-of-gaussian-10-unit-rows": scaled}


def main():
    rng = np.random.default_rng(20240607)
    laplace = rng.laplace(size=(60, 4))
    mixed = laplace @ rng.normal(size=(4, 4)) + 0.3 * rng.normal(size=(60, 4))
    ties = rng.integers(0, 4, size=(45, 3)).astype(float)
    noisy = np.round(ties @ rng.normal(size=(3, 3)) + rng.normal(size=(45, 3)), 0)
    wide = np.hstack([laplace[:, ::-1] ** 3, rng.normal(size=(60, 2))])
    cases = [
        case("rotated", mixed, laplace),
        case("ties", noisy, ties),
        case("more codes than factors", wide, laplace),
        case("fewer codes than factors", mixed[:, :2], laplace),
        case("independent", rng.normal(size=(40, 5)), rng.normal(size=(40, 5))),
    ]
    folder = pathlib.Path(__file__).parent
    (folder / "codes.json").write_text(json.dumps(cases) + "\n")
    (folder / "chance.json").write_text(json.dumps(chance(), indent=1) + "\n")


if __name__ == "__main__":
    main()
