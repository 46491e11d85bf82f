# SPDX-License-Identifier: Apache-2.0
"""Where models and reference answers are kept: too big for the repository, slow to make again."""
import os
import pathlib


def default_outdir():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(os.environ.get("NPU_DEPS_DIR") or os.path.join(cache, "npu-sandbox")) / "models"
