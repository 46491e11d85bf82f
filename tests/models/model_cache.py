# SPDX-License-Identifier: Apache-2.0
"""Where models and reference answers are kept: too big for the repository, slow to make again. What the exporting scripts are told."""
import argparse
import os
import pathlib


def default_outdir():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(os.environ.get("NPU_DEPS_DIR") or os.path.join(cache, "npu-sandbox")) / "models"


def export_arguments(doc, known, default=None):
    """outdir, models (a list of names in `known`) and force. `default`: comma-separated, else all."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outdir", type=pathlib.Path, default=default_outdir())
    parser.add_argument("--models", default=default or ",".join(known), help="comma-separated, of: " + ", ".join(known))
    parser.add_argument("--force", action="store_true", help="export again what is already there")
    args = parser.parse_args()
    args.models = args.models.split(",")
    if unknown := [m for m in args.models if m not in known]:
        parser.error(f"unknown model {unknown[0]!r}; known: {', '.join(known)}")
    return args
