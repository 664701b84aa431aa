/* Draws the charts of usage (uPlot) from the tables beside them: bars of what was used, a line of what was charged, dashed what
   is expected. Without script the table is all there is; nothing stands in the chart alone. */
(() => {
  "use strict";
  if (!window.uPlot) return;
  const language = document.documentElement.lang;
  const DAY = 86400;

  // A canvas knows no CSS variables, and light-dark() only resolves where it is used as a colour.
  const colour = (box, name) => {
    const probe = document.createElement("span");
    probe.className = `tp-chart-${name}`;
    box.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const read = (box) => {
    const rows = [...document.getElementById(box.dataset.chart).querySelectorAll("tbody tr")];
    const at = rows.map((row) => Number(row.dataset.at));
    const used = rows.map((row) => Number(row.dataset.used));
    const charged = rows.map((row) => Number(row.dataset.charged));
    const expected = rows.map(() => null);
    const end = Number(box.dataset.end);
    const step = box.dataset.grain === "day" ? DAY : 3600;
    // The whole month or day, so that a bar stands where it always does; days to come are empty or expected.
    for (let next = at.at(-1) + step; next < end; next += step) {
      at.push(next);
      used.push(null);
      charged.push(null);
      expected.push(box.dataset.expected ? Number(box.dataset.expected) : null);
    }
    return [at, used, charged, expected];
  };

  const figures = (digits) => {
    const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: digits });
    return (_chart, values) => values.map((value) => short.format(value));
  };
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 4 });
  const moments = (box, style) => {
    const format = new Intl.DateTimeFormat(language, { timeZone: box.dataset.zone, ...style });
    return (seconds) => format.format(new Date(seconds * 1000));
  };

  const options = (box, data) => {
    const charges = data[2].some((value) => value); // an axis of nothing says nothing
    const byDay = box.dataset.grain === "day";
    const tick = moments(box, byDay ? { day: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const full = moments(box, byDay ? { month: "short", day: "numeric" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const [ink, line, bars, money] = ["ink", "line", "used", "charged"].map((name) => colour(box, name));
    const step = byDay ? DAY : 3600;
    const value = (_chart, raw) => (raw == null ? "–" : whole.format(raw));
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const series = [
      { value: (_chart, raw) => (raw == null ? "–" : full(raw)), label: box.dataset.when },
      { label: box.dataset.used, scale: "used", stroke: bars, fill: bars, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 40] }), value },
      { label: box.dataset.charged, scale: "charged", show: charges, stroke: money, width: 2, points: { size: 6, fill: money }, value },
    ];
    if (box.dataset.expected) series.push({ label: box.dataset.expectedWords, scale: "used", stroke: bars, width: 2, dash: [4, 3], points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 40] }), value });
    return {
      width: box.clientWidth,
      height: 260,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), box.dataset.zone),
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { range: (_chart, low, high) => [low - step / 2, high + step / 2] },
        used: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
        charged: { range: (_chart, low, high) => [Math.min(low, 0) * 1.1, high > 0 ? high * 1.1 : 1] },
      },
      axes: [
        { ...axis, grid: { show: false }, incrs: byDay ? [1, 2, 5, 7, 10].map((n) => n * DAY) : [1, 2, 3, 6].map((n) => n * 3600), splits: (chart, _axis, low, high, incr) => chart.data[0].filter((at, n) => at >= low && at <= high && n % Math.round(incr / step) === 0), values: (_chart, splits) => splits.map(tick) },
        { ...axis, scale: "used", size: 56, values: figures(1) },
        { ...axis, scale: "charged", show: charges, side: 1, size: 56, grid: { show: false }, values: figures(2) },
      ],
      series,
    };
  };

  const draw = (box) => {
    box.hidden = false;
    box.replaceChildren();
    const data = read(box);
    if (!box.dataset.expected) data.pop();
    const chart = new uPlot(options(box, data), data, box);
    const drawn = box.querySelector(".u-wrap");
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-labelledby", box.dataset.chart.replace(/-rows$/, "-title"));
    switchByKeyboard(chart);
    return chart;
  };

  // uPlot's legend listens to the mouse alone. The first series is the time, which is always there.
  const switchByKeyboard = (chart) => {
    const switches = [...chart.root.querySelectorAll(".u-legend .u-series th")].slice(1).map((label) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "tp-chart-switch" });
      button.append(...label.childNodes);
      label.append(button);
      return button;
    });
    const mark = () => switches.forEach((button, n) => button.setAttribute("aria-pressed", chart.series[n + 1].show !== false));
    (chart.hooks.setSeries ??= []).push(mark);
    mark();
  };

  document.addEventListener("DOMContentLoaded", () => {
    const charts = new Map();
    const redraw = (box) => {
      charts.get(box)?.destroy();
      charts.set(box, draw(box));
    };
    const sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) if (target.clientWidth) charts.get(target)?.setSize({ width: target.clientWidth, height: 260 });
    });
    const boxes = document.querySelectorAll("[data-chart]");
    for (const box of boxes) {
      redraw(box);
      sizes.observe(box);
    }
    new MutationObserver(() => boxes.forEach(redraw)).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  });
})();
