"""Writes latent-class.json: three latent classes of six categorical variables, by stepmix.

Usage: python generate.py   (versions in requirements.txt)
"""

import importlib.metadata
import json
import pathlib

import numpy as np
from stepmix import StepMix

rng = np.random.default_rng(20261123)
n, levels, sizes = 600, [2, 3, 2, 4, 3, 2], [0.5, 0.3, 0.2]
tables = [rng.dirichlet(np.full(level, 0.7), size=3) for level in levels]
classes = rng.choice(3, size=n, p=sizes)
x = np.column_stack([[rng.choice(level, p=table[c]) for c in classes] for level, table in zip(levels, tables)])

model = StepMix(3, measurement="categorical", n_init=4, max_iter=3000, abs_tol=1e-12, rel_tol=0.0, random_state=1, progress_bar=0)
model.fit(x)
parameters = model.get_parameters()
print({k: np.shape(v) if not isinstance(v, dict) else {a: np.shape(b) for a, b in v.items()} for k, v in parameters.items()})
pis = np.asarray(parameters["measurement"]["pis"])
width = pis.shape[1] // len(levels)

golden = {
    "generator": f"numpy {np.__version__}, stepmix {importlib.metadata.version('stepmix')}",
    "x": x.tolist(),
    "log_likelihood": float(model.score(x) * n),
    "aic": float(model.aic(x)),
    "bic": float(model.bic(x)),
    "entropy": float(model.relative_entropy(x)),
    "sizes": np.asarray(parameters["weights"]).tolist(),
    "probabilities": [pis[:, j * width : j * width + level].T.tolist() for j, level in enumerate(levels)],
    "codes": model.predict_proba(x)[:20].tolist(),
}
pathlib.Path(__file__).with_name("latent-class.json").write_text(json.dumps(golden) + "\n")
