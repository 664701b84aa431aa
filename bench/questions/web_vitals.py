"""How many bytes does a visitor's first visit transfer, and when does its largest element appear on a slow phone?

Chromium emulates a slow 4G connection and a processor four times slower. Bytes are those that the browser received from
the market's own server, including headers. Limits: performance.md, *web-vitals* and *first visit on the wire*.
"""

from __future__ import annotations

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.programs import ProgramFailed
from bench.questions.first_page import demo
from tests import machine
from tests.browser.people import browsing

SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
"""As defined by Lighthouse: 150 ms round trip, 1.6 Mbit/s down, 750 kbit/s up."""
SLOWER = 4
WIRE, LCP, CLS = "first visit on the wire", "largest contentful paint", "cumulative layout shift"
OBSERVE = """
window.vitals = { lcp: 0, cls: 0 };
new PerformanceObserver(list => list.getEntries().forEach(e => { vitals.lcp = e.startTime; }))
    .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) vitals.cls += e.value; }))
    .observe({ type: "layout-shift", buffered: true });
"""


def measure(scale: Scale, say: Say) -> Answer:
    chromium = machine.find_chromium()
    if chromium is None:
        raise ProgramFailed("chromium is not installed")
    runs = Runs(say)
    with demo() as url, browsing(chromium) as browser:
        for _ in range(scale.repeats):
            context = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2)
            page = context.new_page()
            session = context.new_cdp_session(page)
            received: list[float] = []
            session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))  # noqa: B023
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", SLOW_4G)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.add_init_script(OBSERVE)
            page.goto(f"{url}/", wait_until="networkidle")
            page.wait_for_function("vitals.lcp > 0")  # a busy machine may paint only now
            vitals = page.evaluate("vitals")
            context.close()
            runs.add(WIRE, sum(received) / 1000, "kB")
            runs.add(LCP, vitals["lcp"] / 1000, "s")
            runs.add(CLS, vitals["cls"], "")
    return Answer(
        name="web-vitals",
        title="the storefront's home page for a visitor who was never there: a phone on slow 4G, processor 4 × slower",
        ratios=(),
        figures=runs.figures(),
        needs=(
            Need(text="kB on the wire", reached=runs.value(WIRE), bound=150, at_most=True),
            Need(text="s LCP", reached=runs.value(LCP), bound=1.5, at_most=True),
            Need(text="CLS", reached=runs.value(CLS), bound=0.02, at_most=True),
        ),
    )
