"""Copy the files that pages need from node_modules, so that no built file is committed and no page loads from another
host.

Only the rules of Tabler's style sheet that pages can use are kept (``purgecss.config.cjs``): 98 kB of 635.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
WEB = ROOT / "src/tradepost/market/web"
TARGET = WEB / "static/vendor"
ICONS = WEB / "icons.txt"
OUTLINE = MODULES / "@tabler/icons/icons/outline"

STYLES = "@tabler/core/dist/css/tabler.min.css"
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "squire-rte/dist/squire.js": "squire.min.js",
    "tus-js-client/dist/tus.min.js": "tus.min.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
}
"""Source below node_modules to name below static/vendor."""

SOURCE_MAP = re.compile(r"(?m)^\s*(?://|/\*)# sourceMappingURL=\S+?(?:\s*\*/)?\s*$")


def required_icons() -> list[str]:
    lines = (line.strip() for line in ICONS.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def purge_styles(folder: Path) -> None:
    """Write Tabler's style sheet into the folder without the rules that no template, script or module can use."""
    config = ["--config", "scripts/purgecss.config.cjs", "--output", f"{folder}/"]
    subprocess.run(["scripts/npm.sh", "exec", "--offline", "--", "purgecss", *config], cwd=ROOT, check=True)
    file = folder / Path(STYLES).name
    file.write_text(SOURCE_MAP.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> int:
    missing = [name for name in (STYLES, *FILES) if not (MODULES / name).is_file()]
    if missing:
        sys.stderr.write(f"npm did not install {', '.join(missing)}; remove node_modules and run `make` again.\n")
        return 1
    icons = required_icons()
    unknown = [name for name in icons if not (OUTLINE / f"{name}.svg").is_file()]
    if unknown:
        where = ICONS.relative_to(ROOT)
        sys.stderr.write(f"No such outline icon in @tabler/icons: {', '.join(unknown)} (named in {where}).\n")
        return 1

    shutil.rmtree(TARGET, ignore_errors=True)
    (TARGET / "icons").mkdir(parents=True)
    for source, name in FILES.items():
        # A missing map would fail the manifest of static files, and cause a 404 in every open inspector.
        text = SOURCE_MAP.sub("", (MODULES / source).read_text(encoding="utf-8"))
        (TARGET / name).write_text(text, encoding="utf-8")
    purge_styles(TARGET)
    for name in icons:
        shutil.copyfile(OUTLINE / f"{name}.svg", TARGET / "icons" / f"{name}.svg")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
