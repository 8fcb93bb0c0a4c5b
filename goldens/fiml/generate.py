"""Writes fiml.json by generate.R, which needs R with lavaan and jsonlite (Debian: r-base-core r-cran-lavaan r-cran-jsonlite).

Usage: python generate.py
"""

import pathlib
import subprocess

subprocess.run(["Rscript", "generate.R"], cwd=pathlib.Path(__file__).parent, check=True)
