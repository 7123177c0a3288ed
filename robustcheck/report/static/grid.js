// --- the grid: sort, group, widen, point; narrow columns show a colour and a mark, wide ones their number ---
const boxAt = (row, number) => row.cells[number - firstOf.get(row.closest("table")) + 1];
const numberAt = (row, number) => { const value = boxAt(row, number)?.dataset.v; return value === undefined ? null : Number(value); };
const collator = new Intl.Collator(undefined, { numeric: true });

const sortBy = (th, descending) => {
  const table = th.closest("table");
  const number = Number(th.dataset.sort);
  const sign = descending ? -1 : 1;
  all("[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
  th.setAttribute("aria-sort", descending ? "descending" : "ascending");
  // Models without a number go last either way.
  const value = (row) => numberAt(row, number) ?? sign * Infinity;
  const order = th.dataset.sort === "name"
    ? (one, other) => sign * collator.compare(one.dataset.m, other.dataset.m)
    : (one, other) => sign * (value(one) - value(other) || 0);
  table.tBodies[0].append(...all("tbody tr[data-m]", table).sort(order));
  sorted = `${descending ? "-" : ""}${th.dataset.sort}`;
};
const sortAgain = (text) => {
  const th = all(".grid [data-sort]").find((one) => one.dataset.sort === text.replace(/^-/, ""));
  if (th) sortBy(th, text.startsWith("-"));
};
all(".grid [data-sort] button").forEach((button) => button.addEventListener("click", () => {
  const th = button.closest("th");
  sortBy(th, th.getAttribute("aria-sort") === "ascending");
  groupRows();
  writeHash();
}));

// Rows under a heading for each value of a facet, in the order in which the rows stand.
const groupRows = () => {
  const facet = form.elements.group?.value;
  for (const table of firstOf.keys()) {
    all("tr.rowgroup", table).forEach((row) => row.remove());
    if (!facet) continue;
    const groups = new Map();
    for (const row of all("tbody tr[data-m]", table)) {
      const value = facetsOf(row).get(facet) || `no ${facet}`;
      groups.set(value, [...(groups.get(value) || []), row]);
    }
    for (const [value, members] of groups) table.tBodies[0].append(groupHeading(table, facet, value, members), ...members);
  }
};
const groupHeading = (table, facet, value, members) => {
  const failed = members.filter((row) => row.querySelector("td.fail, td.error")).length;
  const text = `${members.length} ${members.length === 1 ? "model" : "models"}${failed ? `, ${failed} with a fail or an error` : ""}`;
  const name = make("b", {}, value.startsWith("no ") ? value : `${facet} ${value}`);
  const width = table.tHead.rows[table.tHead.rows.length - 1].cells.length;
  return make("tr", { class: "rowgroup" }, make("th", { colspan: width, scope: "colgroup" }, make("div", {}, name, ` ${text}`)));
};

// --- width: every group of columns is wide or narrow ---
const WIDE = 64, OPEN = 84, NARROW = 16, NAMES = 300, LEAST_NAMES = 220, MOST_NAMES = 440;
const colAt = (table, place) => table.querySelectorAll("col")[place + 1];
const headingAt = (table, number) => table.querySelector(`.columns th[data-sort="${number}"]`);
const widen = (group, isWide) => {
  const table = group.closest("table");
  const [from, to] = group.dataset.columns.split(" ").map(Number);
  const first = firstOf.get(table);
  group.classList.toggle("wide", isWide);
  group.querySelector("button").setAttribute("aria-expanded", isWide);
  for (let number = from; number <= to; number += 1) {
    headingAt(table, number).classList.toggle("wide", isWide);
    colAt(table, number - first).classList.toggle("wide", isWide);
    for (const row of table.tBodies[0].rows) if (row.dataset.m) row.cells[number - first + 1].classList.toggle("w", isWide);
  }
};
// As wide as the longest name of a model, within reason.
const needed = new Map(all(".grid").map((table) => [table, Math.min(MOST_NAMES, Math.max(...all("tbody th", table).map((th) => th.scrollWidth + 2)))]));
// What the wide columns leave is shared by the narrow ones and the names of the models.
const shareWidth = (table) => {
  const room = table.parentElement.clientWidth - 2;
  const shown = all(".columns th[data-key]", table).filter((th) => !th.hidden);
  const wide = shown.filter((th) => th.classList.contains("wide")).length;
  const number = shown.length - wide;
  const isMany = table.classList.contains("many");
  const narrow = number ? Math.max(NARROW, Math.min(44, Math.floor((room - (wide ? LEAST_NAMES : NAMES) - wide * OPEN) / number))) : 0;
  const rest = room - number * narrow - wide * (isMany ? OPEN : WIDE);
  table.style.setProperty("--narrow", `${narrow}px`);
  table.style.setProperty("--names", `${Math.max(LEAST_NAMES, Math.min(needed.get(table), rest))}px`);
};
const fitColumns = (table) => {
  if (table.classList.contains("listed")) return;
  const groups = all(".groups th[data-columns]", table);
  const number = all(".columns th[data-key]", table).length;
  const areWide = number * WIDE <= table.parentElement.clientWidth - NAMES;
  table.classList.toggle("many", !areWide);
  for (const group of groups) widen(group, areWide);
  shareWidth(table);
};
all(".groups th[data-columns] button").forEach((button) => button.addEventListener("click", () => {
  const group = button.closest("th");
  const isWide = !group.classList.contains("wide");
  for (const other of all(".groups th.wide", group.closest("table"))) if (other !== group) widen(other, false);
  widen(group, isWide);
  shareWidth(group.closest("table"));
}));

// Columns that the filter leaves empty give their room to the others.
const hideColumns = (table, used, isFiltered) => {
  const first = firstOf.get(table);
  const headings_ = all(".columns th[data-key]", table);
  const hidden = headings_.map((th) => isFiltered && !used[Number(th.dataset.sort)]);
  headings_.forEach((th, place) => { th.hidden = hidden[place]; colAt(table, place).hidden = hidden[place]; });
  for (const row of table.tBodies[0].rows) if (row.dataset.m) for (let place = 0; place < hidden.length; place += 1) row.cells[place + 1].hidden = hidden[place];
  const shown = (from, to) => hidden.slice(from, to).filter((one) => !one).length;
  for (const th of all(".groups th[data-columns]", table)) {
    const [from, to] = th.dataset.columns.split(" ").map((number) => Number(number) - first);
    th.hidden = !shown(from, to + 1);
    if (!th.hidden) th.colSpan = shown(from, to + 1);
  }
  shareWidth(table);
  let place = 0;
  for (const th of all(".suites th", table)) {
    const width = Number(th.dataset.width ??= th.colSpan);
    th.hidden = !shown(place, place + width);
    if (!th.hidden) th.colSpan = shown(place, place + width);
    place += width;
  }
};

// --- pointing: the line above a table names what the reader points at ---
const pointAt = (box) => {
  const row = box.closest("tr[data-m]");
  const line = box.closest(".block").querySelector(".pointed");
  if (box.closest(".listed")) return;
  if (!row || box.tagName !== "TD" || !box.className) { line.textContent = ""; return; }
  const number = firstOf.get(row.closest("table")) + box.cellIndex - 1;
  const status = box.className.split(" ", 1)[0];
  line.replaceChildren(make("span", { class: `badge ${status}` }, status), ` ${columns[number].key} · ${row.dataset.m} · ${box.textContent.replace(/^[a-z]+ /, "") || "no number"}`);
};
for (const table of firstOf.keys()) {
  table.addEventListener("mouseover", (event) => { const box = event.target.closest("td"); if (box) pointAt(box); });
  table.addEventListener("click", (event) => {
    const box = event.target.closest("td[class]");
    if (!box || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    openDetail(box);
  });
  // One box can be reached with Tab, the others from it with the arrow keys.
  table.addEventListener("keydown", (event) => {
    const box = event.target.closest("td");
    if (!box) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); openDetail(box); return; }
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    focusBox(nextBox(box, ...step));
  });
}
const nextBox = (box, down, right) => {
  const shown = all("tbody tr[data-m]", box.closest("table")).filter((row) => !row.hidden);
  let row = shown.indexOf(box.parentElement);
  let column = box.cellIndex;
  for (;;) {
    row += down; column += right;
    const next = shown[row]?.cells[column];
    if (!next || next.tagName !== "TD") return null;
    if (next.className && !next.hidden) return next;
  }
};
const focusBox = (box) => {
  if (!box) return;
  all("td[tabindex]", box.closest("table")).forEach((other) => other.removeAttribute("tabindex"));
  box.tabIndex = 0;
  box.focus();
  pointAt(box);
};
// On a phone a table is a list: each box says its check, and those that pass are counted.
const isPhone = matchMedia("(max-width: 720px)");
const nameBoxes = () => {
  if (!isPhone.matches) return;
  for (const row of rows) {
    const table = row.closest("table");
    const first = firstOf.get(table);
    if (!table.classList.contains("listed")) for (const box of row.cells) if (box.className && box.tagName === "TD") box.dataset.l = columns[first + box.cellIndex - 1].key;
    const passed = row.querySelectorAll("td.pass").length;
    row.cells[0].dataset.passed = passed ? `${passed} passed` : "";
  }
};
listeners.push((want) => root.classList.toggle("passes", want.status.has("pass")));
const readyGrid = () => {
  isPhone.addEventListener("change", nameBoxes);
  nameBoxes();
  // Links in boxes are for readers without scripts; with one, the boxes themselves are reached.
  for (const link of all(".grid td a")) link.tabIndex = -1;
  for (const table of firstOf.keys()) {
    fitColumns(table);
    const first = table.querySelector("tbody td[class]");
    if (first) first.tabIndex = 0;
  }
};
