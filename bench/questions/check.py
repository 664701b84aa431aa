"""How long does the tester take for a seller that passes all checks? Limit: performance.md, *check*."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.programs import ProgramFailed
from tests.check.kit_seller import KEY, sample_seller
from tradepost.check import Options, run

TIME = "saas_v2, with its replay after 11 s"


def measure(scale: Scale, say: Say) -> Answer:
    runs = Runs(say)
    for _ in range(scale.repeats):
        with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as folder, sample_seller(Path(folder)) as url:
            options = Options(url=url, key=KEY, replay_after=0) if scale.quick else Options(url=url, key=KEY)
            report = run(options)
        if report.exit_code:
            raise ProgramFailed(f"the sample seller fails: {[result.check_id for result in report.failed]}")
        runs.add(TIME, report.seconds, "s")
    return Answer(
        name="check",
        title="tradepost check against the sample seller, every check of saas_v2",
        ratios=(),
        figures=runs.figures(),
        needs=(Need(text="s", reached=runs.value(TIME), bound=12, at_most=True),),
    )
