"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("scripted");

  // --- theme: the system's, until the reader chooses; storage may be closed to a file ---
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("robustcheck-theme", value);
      return localStorage.getItem("robustcheck-theme");
    } catch { return null; }
  };
  if (stored()) root.dataset.theme = stored();
  document.getElementById("theme").addEventListener("click", () => {
    const dark = getComputedStyle(root).colorScheme.includes("dark");
    root.dataset.theme = dark ? "light" : "dark";
    stored(root.dataset.theme);
  });

  // --- filter: what a result matches is looked up in the heatmap's headings and the claims' rows ---
  const form = document.getElementById("filter");
  const headings = [...all(".heat th[data-key]").sort((a, b) => a.dataset.sort - b.dataset.sort), ...all(".claims tr[data-key]")];
  const columns = headings.map((th) => ({ th, key: th.dataset.key, tags: th.dataset.tags.split(" "), text: `${th.dataset.key} ${th.dataset.tags} ${th.title}`.toLowerCase() }));
  const rows = all(".heat tbody tr");
  const boxAt = (row, index) => row.cells[index - row.closest("table").dataset.first + 1];
  const facets = new Map(rows.map((row) => [row.dataset.m, row.dataset.f.toLowerCase()]));
  const place = (item) => item.dataset.c ?? item.parentElement.dataset.c;
  const listed = all(".card, .list tr[data-c], .list tbody[data-c] > tr[class]").map((item) => ({ item, column: columns[place(item)], model: item.dataset.m ?? item.cells[0].textContent, status: item.dataset.s ?? item.className }));
  let target = "";

  const wanted = () => {
    const data = new FormData(form);
    return { q: (data.get("q") || "").trim().toLowerCase(), model: (data.get("model") || "").trim().toLowerCase(), tag: data.get("tag") || "", status: new Set(data.getAll("status")) };
  };
  const matches = (want, column, model, status) => {
    // A known deviation is a pass, and a chip of its own.
    if (want.status.size && !want.status.has(status) && !(status === "known" && want.status.has("pass"))) return false;
    if (want.tag && !column.tags.includes(want.tag)) return false;
    const name = model.toLowerCase();
    if (want.model && !name.includes(want.model)) return false;
    return want.q.split(/\s+/).every((word) => name.includes(word) || column.text.includes(word) || (facets.get(model) || "").includes(word));
  };
  const filterHeat = (want, used) => {
    let count = 0;
    for (const row of rows) {
      let any = false;
      columns.forEach((column, index) => {
        const box = boxAt(row, index);
        if (!box || !box.dataset) return;
        const fits = Boolean(box.className) && matches(want, column, row.dataset.m, box.className.split(" ")[0]);
        box.classList.toggle("off", Boolean(box.className) && !fits);
        if (fits) { any = true; used[index] = true; count += 1; }
      });
      row.hidden = !any;
    }
    for (const block of all(".block")) block.hidden = all("tbody tr", block).every((row) => row.hidden);
    return count;
  };
  const filterListed = (want, used) => {
    let count = 0;
    for (const { item, column, model, status } of listed) {
      item.hidden = !matches(want, column, model, status);
      if (!item.hidden && item.dataset.key) { used[item.dataset.c] = true; count += 1; }
    }
    for (const heading of all(".claims .claim")) heading.hidden = all("tr[data-key]", heading.parentElement).every((row) => row.hidden);
    return count;
  };
  const apply = () => {
    const want = wanted();
    const used = columns.map(() => false);
    const count = filterHeat(want, used) + filterListed(want, used);
    for (const figure of all(".plot")) figure.hidden = used[figure.dataset.c] === false;
    const total = all(".heat td[class], .claims tr[data-key]").length;
    const active = want.q || want.model || want.tag || want.status.size;
    form.querySelector("output").textContent = active ? `${count} of ${total}` : "";
    form.querySelector("[type=reset]").hidden = !active;
  };
  const hashOfFields = () => {
    const hash = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value && name !== "status") hash.set(name, value);
    const status = [...wanted().status].join(",");
    if (status) hash.set("status", status);
    return hash;
  };
  const setFields = (hash) => {
    for (const name of ["q", "model", "tag"]) if (form.elements[name]) form.elements[name].value = hash.get(name) || "";
    const status = (hash.get("status") || "").split(",");
    for (const box of all("[name=status]", form)) box.checked = status.includes(box.value);
  };
  const writeHash = () => {
    const hash = hashOfFields();
    if (target) hash.set("at", target);
    history.replaceState(null, "", `#${hash}`);
  };
  // The filter that the page shows now, in the words of the address. It is set when the page has settled: tests wait for it.
  const announce = () => { watchPlots(); form.dataset.applied = hashOfFields(); };
  const goTo = (id) => {
    const card = document.getElementById(id);
    if (!card) return;
    all("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    for (let outer = card.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    for (const fold of all(":scope > details", card)) fold.open = true;
    card.setAttribute("aria-current", "true");
    card.scrollIntoView({ block: "center" });
  };
  const readHash = () => {
    const text = location.hash.slice(1);
    const hash = new URLSearchParams(text.includes("=") ? text : "");
    setFields(hash);
    target = text.includes("=") ? hash.get("at") || "" : text;
    apply();
    if (target) goTo(target);
    announce();
  };
  const filterAnew = () => { target = ""; apply(); writeHash(); announce(); };
  form.addEventListener("input", filterAnew);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The browser clears the fields only after this event; cleared here, the page is never seen between the two.
  form.addEventListener("reset", (event) => { event.preventDefault(); setFields(new URLSearchParams()); filterAnew(); });
  addEventListener("hashchange", readHash);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#r"]');
    if (!link) return;
    event.preventDefault();
    target = link.getAttribute("href").slice(1);
    writeHash();
    goTo(target);
  });

  // --- sorting the heatmap; models without a number go last either way ---
  const sortBy = (th) => {
    const descending = th.getAttribute("aria-sort") === "ascending";
    const heat = th.closest("table");
    all("[aria-sort]", heat).forEach((other) => other.removeAttribute("aria-sort"));
    th.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    const number = (row) => { const value = boxAt(row, Number(th.dataset.sort)).dataset.v; return value === undefined ? sign * Infinity : Number(value); };
    const order = th.dataset.sort === "name" ? (a, b) => sign * a.dataset.m.localeCompare(b.dataset.m) : (a, b) => sign * (number(a) - number(b) || 0);
    heat.tBodies[0].append(...all("tbody tr", heat).sort(order));
  };
  // A table wider than the page scrolls in a frame of its own.
  for (const frame of all(".scroll.fits")) frame.classList.toggle("fits", frame.scrollWidth <= frame.clientWidth);
  all(".heat [data-sort]").forEach((th) => {
    th.tabIndex = 0;
    th.addEventListener("click", () => sortBy(th));
    th.addEventListener("keydown", (event) => { if (event.key === "Enter") sortBy(th); });
  });

  for (const button of all(".copy")) button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(button.previousElementSibling.textContent); button.textContent = "copied"; }
    catch { getSelection().selectAllChildren(button.previousElementSibling); }
  });

  // --- charts: the static plot stays until its interactive twin is drawn ---
  let page;
  const WORDS = { f: "fail", e: "error", u: "unsure", w: "warn", p: "pass", k: "pass, a known deviation", s: "skip" };
  const expand = (columns, groups) => {
    const names = Object.keys(columns);
    return (columns[names[0]] || []).map((_, index) => {
      const row = Object.fromEntries(names.map((name) => [name, columns[name][index]]));
      if ("m" in row) row.model = page.names[row.m];
      if ("g" in row) row.g = groups[row.g];
      if ("s" in row) row.verdict = WORDS[row.s];
      return row;
    });
  };
  const patched = (chart) => {
    const spec = structuredClone(page.templates[chart.form]);
    for (const layer of spec.layer) {
      for (const side of ["x", "y"]) {
        const channel = layer.encoding[side];
        channel.scale.domain = chart.axes[side].domain;
        channel.axis.values = chart.axes[side].ticks;
        channel.title = chart.axes[side].title;
      }
      if (layer.encoding.color?.field === "g") layer.encoding.color.scale = { domain: Object.keys(chart.axes.groups), range: Object.values(chart.axes.groups) };
    }
    spec.datasets = Object.fromEntries(Object.entries(chart.data).map(([name, columns]) => [name, expand(columns, Object.keys(chart.axes.groups))]));
    return spec;
  };
  const draw = async (holder) => {
    const options = { actions: false, renderer: "svg", tooltip: { theme: "page" } };
    await (ready ??= prepare());
    await window.vegaEmbed(holder, patched(page.charts[holder.dataset.chart]), options);
    const svg = holder.querySelector("svg");
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    holder.parentElement.classList.add("drawn");
  };
  // Script and data are packed; a browser that cannot unpack them keeps the static plots.
  const unpacked = (id) => {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const prepare = async () => {
    page = JSON.parse(await unpacked("charts"));
    const script = document.createElement("script");
    script.textContent = await unpacked("vega");
    document.head.append(script);
  };
  let ready;
  const begun = new Set();
  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target: figure } of seen) if (isIntersecting && !begun.has(figure)) {
      begun.add(figure);
      near.unobserve(figure);
      draw(figure.querySelector(".vega"));
    }
  }, { rootMargin: "600px" });
  // An observer speaks only when something changes; watched anew, a plot that the filter has brought back is seen for certain.
  const watchPlots = () => {
    if (!window.DecompressionStream) return;
    for (const figure of all(".plot")) if (!begun.has(figure)) { near.unobserve(figure); near.observe(figure); }
  };

  readHash();
})();
