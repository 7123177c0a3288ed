// --- filter: what a result matches is looked up in the grid's headings and the claims' rows ---
const form = document.getElementById("filter");
const bySort = (one, other) => one.dataset.sort - other.dataset.sort;
const headings = [...all(".grid th[data-key]").sort(bySort), ...all(".claims tr[data-key]")];
const columns = headings.map((th) => ({
  th, key: th.dataset.key, tags: th.dataset.tags.split(" "),
  text: `${th.dataset.key} ${th.dataset.tags} ${th.title}`.toLowerCase(),
}));
const rows = all(".grid tbody tr[data-m]");
const facetsOf = (row) => new Map(row.dataset.f.split("|").map((facet) => facet.split(/=(.*)/s)));
const facets = new Map(rows.map((row) => [row.dataset.m, row.dataset.f.toLowerCase()]));
const firstOf = new Map(all(".grid").map((table) => [table, Number(table.dataset.first)]));
const listed = all(".card, .list tr[data-c], .list tbody[data-c] > tr[class]").map((item) => ({
  item, column: columns[item.dataset.c ?? item.parentElement.dataset.c],
  model: item.dataset.m ?? item.cells[0].textContent, status: item.dataset.s ?? item.className,
}));
let target = "";
let sorted = "";
// Those who draw by the filter are told what it lets through.
const listeners = [];

const wanted = () => {
  const data = new FormData(form);
  const text = (name) => (data.get(name) || "").trim().toLowerCase();
  return { words: text("q").split(/\s+/).filter(Boolean), model: text("model"), tag: data.get("tag") || "", status: new Set(data.getAll("status")) };
};
const isActive = (want) => Boolean(want.words.length || want.model || want.tag || want.status.size);
// A known deviation is a pass, and a chip of its own.
const matchesStatus = (want, status) => !want.status.size || want.status.has(status) || (status === "known" && want.status.has("pass"));
const matchesModel = (want, model) => !want.model || model.toLowerCase().includes(want.model);
const matchesColumn = (want, column) => !want.tag || column.tags.includes(want.tag);
const matchesWords = (want, column, model) => {
  const name = model.toLowerCase();
  return want.words.every((word) => name.includes(word) || column.text.includes(word) || (facets.get(model) || "").includes(word));
};
const matches = (want, column, model, status) => matchesStatus(want, status) && matchesColumn(want, column) && matchesModel(want, model) && matchesWords(want, column, model);

const filterTable = (want, table, used) => {
  const first = firstOf.get(table);
  let count = 0;
  for (const row of all("tbody tr[data-m]", table)) {
    let any = false;
    for (let place = 1; place < row.cells.length; place += 1) {
      const box = row.cells[place];
      if (!box.className) continue;
      const fits = matches(want, columns[first + place - 1], row.dataset.m, box.className.split(" ", 1)[0]);
      box.classList.toggle("off", !fits);
      if (fits) { any = true; used[first + place - 1] = true; count += 1; }
    }
    row.hidden = !any;
  }
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
const total = all(".grid td[class], .claims tr[data-key]").length;
const apply = () => {
  const want = wanted();
  const used = columns.map(() => false);
  let count = filterListed(want, used);
  for (const table of firstOf.keys()) {
    count += filterTable(want, table, used);
    hideColumns(table, used, isActive(want));
    table.closest(".block").hidden = all("tbody tr[data-m]", table).every((row) => row.hidden);
  }
  for (const figure of all(".plot[data-c]")) {
    const isBack = figure.hidden;
    figure.hidden = used[figure.dataset.c] === false;
    if (isBack && !figure.hidden) watch(figure);
  }
  for (const figure of all(".profile")) figure.hidden = figure.dataset.cs.trim().split(" ").every((place) => used[place] === false);
  form.querySelector("output").textContent = isActive(want) ? `${count} of ${total}` : "";
  form.querySelector("[type=reset]").hidden = !isActive(want);
  for (const listener of listeners) listener(want);
  // The last thing done: who waits for a filter waits for this.
  form.dataset.applied = String(filters());
};

// --- the address holds filter, groups, order and place ---
const filters = () => {
  const hash = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value && name !== "status") hash.set(name, value);
  const status = [...wanted().status].join(",");
  if (status) hash.set("status", status);
  return hash;
};
const writeHash = () => {
  const hash = filters();
  if (sorted) hash.set("sort", sorted);
  if (target) hash.set("at", target);
  history.replaceState(null, "", `#${hash}`);
};
const goTo = (id) => {
  const card = document.getElementById(id);
  if (!card) return;
  all("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  for (let outer = card.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
  for (const fold of all(":scope > details", card)) fold.open = true;
  card.setAttribute("aria-current", "true");
  card.scrollIntoView({ block: card.matches("section") ? "start" : "center" });
};
const readHash = () => {
  const text = location.hash.slice(1);
  const hash = new URLSearchParams(text.includes("=") ? text : "");
  for (const name of ["q", "model", "tag", "group"]) if (form.elements[name]) form.elements[name].value = hash.get(name) || "";
  const status = (hash.get("status") || "").split(",");
  for (const box of all("[name=status]", form)) box.checked = status.includes(box.value);
  target = text.includes("=") ? hash.get("at") || "" : text;
  if (hash.get("sort")) sortAgain(hash.get("sort"));
  groupRows();
  apply();
  if (target) goTo(target);
};
