// --- charts: the static plot stays until its interactive twin is drawn ---
let charts;
const STATUS = { f: "fail", e: "error", u: "unsure", w: "warn", p: "pass", k: "known", s: "skip" };
const expand = (packedColumns, groups) => {
  const names = Object.keys(packedColumns);
  return (packedColumns[names[0]] || []).map((_, index) => {
    const row = Object.fromEntries(names.map((name) => [name, packedColumns[name][index]]));
    if ("m" in row) row.model = charts.names[row.m];
    if ("g" in row) row.g = groups[row.g];
    if ("s" in row) row.verdict = STATUS[row.s] === "known" ? "pass, a known deviation" : STATUS[row.s];
    return row;
  });
};
const NARROW_PLOT = 420;
const specOf = (chart, width) => {
  const spec = structuredClone(charts.templates[chart.form]);
  const isNarrow = width < NARROW_PLOT;
  const parameters = { xdomain: chart.axes.x.domain, ydomain: chart.axes.y.domain, xticks: chart.axes.x.ticks, yticks: chart.axes.y.ticks, crowded: chart.axes.crowded };
  for (const parameter of spec.params) if (parameter.name in parameters) parameter.value = parameters[parameter.name];
  for (const layer of spec.layer) {
    for (const side of ["x", "y"]) layer.encoding[side].title = chart.axes[side].title;
    if (layer.encoding.color?.field === "g") layer.encoding.color.scale = { domain: Object.keys(chart.axes.groups), range: Object.values(chart.axes.groups) };
  }
  if (isNarrow) { spec.width = Math.max(180, width - 84); spec.height = Math.round(spec.width * 0.75); }
  const groups = Object.keys(chart.axes.groups);
  spec.datasets = Object.fromEntries(Object.entries(chart.data).map(([name, packedColumns]) => [name, expand(packedColumns, groups)]));
  if (isNarrow) spec.datasets.labels = spec.datasets.narrow;
  delete spec.datasets.narrow;
  return spec;
};

// --- ticks after a zoom: round values of the metric, far enough apart ---
// The normal distribution by Abramowitz and Stegun 26.2.17 (to 1e-7), and its inverse by halving.
const cumulativeNormal = (z) => {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z > 0 ? 1 - tail : tail;
};
const probit = (share) => {
  let [low, high] = [-6, 6];
  for (let halving = 0; halving < 40; halving += 1) {
    const middle = (low + high) / 2;
    if (cumulativeNormal(middle) < share) low = middle; else high = middle;
  }
  return (low + high) / 2;
};
const THERE = { logit: (share) => Math.log(share / (1 - share)), probit };
const evenTicks = (low, high, least) => {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least);
  const ticks = [];
  for (let index = Math.ceil(low / step); index * step <= high; index += 1) ticks.push(index * step);
  return ticks;
};
const ticksOf = (kind, [low, high], length) => {
  const least = 46 / length * (high - low);
  if (kind === "linear") return evenTicks(low, high, least);
  const chosen = [];
  for (const step of [0.5, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]) {
    if (chosen.length >= 5) break;
    for (let index = 1; index < Math.round(1 / step); index += 1) {
      const place = THERE[kind](index * step);
      if (place >= low && place <= high && chosen.every((other) => Math.abs(other - place) >= least)) chosen.push(place);
    }
  }
  return chosen.sort((one, other) => one - other);
};
const zoomTo = (plot, x, y) => {
  const { view, chart } = plot;
  view.signal("xdomain", x).signal("ydomain", y);
  view.signal("xticks", ticksOf(chart.axes.kind, x, view.width())).signal("yticks", ticksOf(chart.axes.kind, y, view.height()));
  plot.x = x; plot.y = y;
  view.runAsync();
};
// Zoom around a place given as shares of both axes; what lies there stays there.
const zoomBy = (plot, factor, across = 0.5, up = 0.5) => {
  const scaled = ([low, high], share) => { const centre = low + share * (high - low); return [centre - factor * (centre - low), centre + factor * (high - centre)]; };
  zoomTo(plot, scaled(plot.x, across), scaled(plot.y, up));
};
const moveBy = (plot, across, up) => {
  const moved = ([low, high], share) => [low - share * (high - low), high - share * (high - low)];
  zoomTo(plot, moved(plot.x, across), moved(plot.y, up));
};
const zoomable = (plot, svg) => {
  const scale = () => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const shares = (event) => {
    const box = svg.getBoundingClientRect();
    const [left, top] = plot.view.origin();
    return [((event.clientX - box.left) / scale() - left) / plot.view.width(), 1 - ((event.clientY - box.top) / scale() - top) / plot.view.height()];
  };
  svg.addEventListener("wheel", (event) => {
    if (!event.shiftKey) return;
    event.preventDefault();
    zoomBy(plot, (event.deltaY || event.deltaX) > 0 ? 1.2 : 1 / 1.2, ...shares(event));
  }, { passive: false });
  svg.addEventListener("pointerdown", (event) => {
    // A finger scrolls the page; the buttons zoom.
    if (event.pointerType === "touch" || event.button) return;
    let [x, y] = [event.clientX, event.clientY];
    const drag = (move) => {
      moveBy(plot, (move.clientX - x) / scale() / plot.view.width(), -(move.clientY - y) / scale() / plot.view.height());
      [x, y] = [move.clientX, move.clientY];
    };
    addEventListener("pointermove", drag);
    addEventListener("pointerup", () => removeEventListener("pointermove", drag), { once: true });
  });
};
all(".zoom button").forEach((button) => button.addEventListener("click", async () => {
  const plot = await draw(button.closest(".plot"));
  const { x, y } = plot.chart.axes;
  if (button.dataset.zoom === "whole") zoomTo(plot, padded(x.whole), padded(y.whole));
  else if (button.dataset.zoom === "fit") zoomTo(plot, x.domain, y.domain);
  else zoomBy(plot, Number(button.dataset.zoom));
}));
const padded = ([low, high]) => [low - 0.03 * (high - low), high + 0.03 * (high - low)];

// --- the filter acts on what is drawn, too ---
const filterPlot = (plot, want) => {
  const column = columns[plot.figure.dataset.c];
  const fits = (row) => matches(want, column, row.model, STATUS[row.s]);
  const shown = column ? plot.checked.filter(fits) : plot.checked;
  const models = new Set(shown.map((row) => row.model));
  const isFiltered = shown.length < plot.checked.length;
  plot.view.data("checked", shown);
  plot.view.data("labels", isFiltered ? plot.labels.filter((row) => models.has(row.model)) : plot.labels);
  plot.view.runAsync();
};
const drawn = new Map();
listeners.push((want) => { for (const plot of drawn.values()) plot.then((one) => filterPlot(one, want)); });

const draw = (figure) => {
  if (!drawn.has(figure)) drawn.set(figure, embed(figure));
  return drawn.get(figure);
};
const embed = async (figure) => {
  const holder = figure.querySelector(".vega");
  await (chartsReady ??= prepare());
  const chart = charts.charts[holder.dataset.chart];
  const spec = specOf(chart, figure.querySelector(".static").clientWidth || figure.clientWidth - 40);
  const { view } = await window.vegaEmbed(holder, spec, { actions: false, renderer: "svg", tooltip: { theme: "page" } });
  const svg = holder.querySelector("svg");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("aria-label", figure.querySelector(".static svg").getAttribute("aria-label"));
  for (const marks of all('[role="graphics-symbol"]:not([aria-label])', svg)) marks.setAttribute("aria-label", "checked models");
  const plot = { figure, view, chart, checked: spec.datasets.checked, labels: spec.datasets.labels, x: chart.axes.x.domain, y: chart.axes.y.domain };
  zoomable(plot, svg);
  if (isActive(wanted())) filterPlot(plot, wanted());
  figure.classList.add("drawn");
  return plot;
};
const prepare = async () => {
  charts = JSON.parse(await unpacked("charts"));
  const script = document.createElement("script");
  script.textContent = await unpacked("vega");
  document.head.append(script);
};
let chartsReady;
const near = new IntersectionObserver((seen) => {
  for (const entry of seen) if (entry.isIntersecting) {
    near.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "600px" });
// Looking again at a plot that was hidden: not every browser says that it came back.
const watch = (figure) => {
  if (!canUnpack || figure.classList.contains("profile")) return;
  near.unobserve(figure);
  near.observe(figure);
};
