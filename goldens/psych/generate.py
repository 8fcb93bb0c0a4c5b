"""Writes psych.json by generate.R, which needs R with psych, GPArotation and jsonlite (Debian: r-base-core r-cran-psych r-cran-gparotation
r-cran-jsonlite).

Usage: python generate.py
"""

import pathlib
import subprocess

subprocess.run(["Rscript", "generate.R"], cwd=pathlib.Path(__file__).parent, check=True)
