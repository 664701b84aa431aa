"""Open every page of every role in chromium and print the number of accessibility faults per role.

Two languages, two themes, three widths: see ``tests/browser/test_accessibility.py``. Arguments select roles
(``scripts/accessibility.py operator``). Takes about an hour on two cores.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = "tests/browser/test_accessibility.py"
KIND = re.compile(r"(?: px|\]|, light|, dark): ([\w-]+)")


def main() -> int:
    chosen = ["-k", " or ".join(sys.argv[1:])] if sys.argv[1:] else []
    with tempfile.TemporaryDirectory(prefix="tradepost-accessibility-") as folder:
        given = {"TRADEPOST_TEST_SELECTION": "soak", "TRADEPOST_TEST_REPORT": folder}
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "load", TESTS, *chosen]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | given, check=False, capture_output=True, text=True)
        roles = [json.loads(file.read_text()) for file in sorted(Path(folder).glob("*.json"))]
    if not roles:
        print(done.stdout, done.stderr)
        return 1
    faults = [fault for role in roles for fault in role["faults"]]
    print(f"{'Role':40} {'pages':>6} {'faults':>7}")
    for role in roles:
        print(f"{role['role']:40} {role['pages']:>6} {len(role['faults']):>7}")
    print(f"{'All':40} {sum(role['pages'] for role in roles):>6} {len(faults):>7}")
    for kind, number in Counter(named[1] for fault in faults if (named := KIND.search(fault))).most_common():
        print(f"  {kind}: {number}")
    print(*faults, sep="\n")
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
