"""How many signed, verified, durable seller calls per second does one worker make on PostgreSQL, with all features
enabled?"""

from __future__ import annotations

from datetime import UTC, datetime

from bench.answer import Answer, Need, Runs, Say, Scale, installed
from bench.places import folder, open_market, postgresql
from bench.programs import Program

OURS, CREATES, BARE, RIVAL = "ours", "ours, newInstance", "bare loop", "pgqueuer"


def measure(scale: Scale, say: Say) -> Answer:
    sellers = scale.of(1000, 50)
    runs = Runs(say)
    with postgresql() as database, folder() as data, Program("bench.instant_seller", *scale.verify) as server:
        port, _ = server.ready()
        url = f"http://127.0.0.1:{port}"
        open_market(data, database_url=database)
        from bench import engine_run, rows

        say(f"a market with {sellers:,} sellers")
        shop = rows.open_shop(lambda i: f"{url}/s/{i}", sellers=sellers, now=datetime.now(UTC))
        for repeat in range(scale.repeats):
            engine_run.measure(runs, OURS, shop, rows.freeze, count=scale.of(20000, 300), tag=f"F{repeat}x")
            count = scale.of(12_000, 300)
            with Program("bench.bare_loop", database, url, count, sellers) as bare:
                runs.add(BARE, count / bare.timed(count), "calls/s")
            if installed("pgqueuer"):
                count = scale.of(2000, 100)
                with Program("bench.pgqueuer_worker", database, url, count, sellers) as rival:
                    runs.add(RIVAL, count / rival.timed(count), "calls/s")
            engine_run.measure(runs, CREATES, shop, rows.create, count=scale.of(3000, 100), tag=f"N{repeat}x")
    return _answer(runs)


def _answer(runs: Runs) -> Answer:
    ratios = [runs.ratio("the bare loop", OURS, BARE)]
    needs = [
        Need(text="share of the bare loop", reached=ratios[0].value, bound=0.5),
        Need(text="calls/s", reached=runs.value(OURS), bound=2000),
    ]
    notes = ["The aim is 75 % of the bare loop. ours counts until events are reacted to as well."]
    if RIVAL in runs.found:
        ratios.append(runs.ratio("pgqueuer", OURS, RIVAL))
        needs.append(Need(text="times pgqueuer", reached=ratios[1].value, bound=5))
    else:
        notes.append("pgqueuer is not installed: no rival was measured.")
    return Answer(
        name="engine-postgresql",
        title="Signed, verified, durable seller calls a second: one worker, PostgreSQL, everything on, instant seller",
        ratios=tuple(ratios),
        figures=runs.figures(),
        needs=tuple(needs),
        notes=tuple(notes),
    )
