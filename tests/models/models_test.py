#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""models_test.py: checks the Spin models in this folder. The assertions of a model must hold in every state. Each
variant leaves out one rule and must fail; otherwise the rule would not be needed."""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODELS = {
    "idle": ["WAKING_PROVES", "RESTING_KEEPS", "DATE_ANSWER"],
    "tags": ["SAMPLE_AFTER", "COUNTER", "NO_INVALIDATION"],
    "trust": ["NO_READ", "EARLY_TOLD", "TWO_WIRES", "NO_TOKEN"],
    "watermark": ["NO_COMPARE", "DATE_NOW", "SNAPSHOT_FIRST"],
}


def check(model, variant, folder):
    """Runs Spin's checker. Returns the numbers of errors and states."""
    flags = [f"-D{variant}"] if variant else []
    for command in (["spin", "-a", *flags, str(HERE / f"{model}.pml")],
                    ["cc", "-O2", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000", "-w", "-o", "pan", "pan.c"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    # -E: a process that waits for ever is not an error in these models.
    said = subprocess.run(["./pan", "-m200000", "-E"], cwd=folder, capture_output=True, text=True, timeout=120).stdout
    if "errors: " not in said or "max search depth too small" in said or "out of memory" in said:
        sys.exit(f"{model} {variant}: the search was not completed:\n{said}")
    errors = int(said.split("errors: ")[1].split()[0])
    states = next(line.split()[0] for line in said.splitlines() if "states, stored" in line)
    return errors, states


def main():
    wrong = 0
    for model, variants in MODELS.items():
        for variant in ["", *variants]:
            with tempfile.TemporaryDirectory() as folder:
                errors, states = check(model, variant, folder)
            good = (errors == 0) == (variant == "")
            wrong += not good
            print(f"{'ok  ' if good else 'WRONG'} {model:10} {variant or 'as designed':16} {'holds' if errors == 0 else 'fails'}, {states} states")
    return wrong != 0


sys.exit(main())
