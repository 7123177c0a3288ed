// --- all results: details of one, the table of all, and a CSV file ---
let unpackedResults;
const results = () => (unpackedResults ??= unpacked("results").then((text) => {
  const data = JSON.parse(text);
  data.places = new Map();
  data.columns.check.forEach((check, row) => data.places.set(`${data.checks[check].place} ${data.models[data.columns.model[row]].id}`, row));
  return data;
}));
const minus = (text) => text.replace("-", "\u2212");
// As numerals.py writes numbers: no exponent, no negative zero, more decimals where a number would read as zero.
const fixed = (value, decimals, most) => {
  for (let places = decimals; places <= Math.max(decimals, most); places++) {
    const text = value.toFixed(places);
    if (/[1-9]/.test(text)) return text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  }
  return (0).toFixed(decimals);
};
const share = (percent) => fixed(percent, 1, 3);
const number = (value) => fixed(value, Math.max(3 - Math.max(value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))), 0), 0), 6);
const written = (value, unit) => (value === null ? "\u2013" : minus(unit === "%" ? `${share(100 * value)}%` : number(value)));
const signed = (value, unit) => {
  if (value === null) return "\u2013";
  const size = unit === "%" ? `${share(100 * Math.abs(value))} pp` : number(Math.abs(value));
  return /[1-9]/.test(size) ? `${value < 0 ? "\u2212" : "+"}${size}` : size;
};
const resultAt = (data, row) => {
  const result = Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, column[row]]));
  const check = data.checks[result.check];
  const model = data.models[result.model];
  const fill = (pattern) => pattern.replaceAll("\x02", model.id).replaceAll("\x03", model.text);
  const nodeid = fill(check.nodeid);
  const held = result.expected === null ? written : signed;
  return { ...result, check, model, nodeid, rerun: fill(check.rerun).replaceAll("\x01", nodeid), held: (name) => held(result[name], check.unit) };
};

// --- details of one box ---
const detail = document.getElementById("detail");
let opener = null;
const pair = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
const openDetail = async (box) => {
  if (!canUnpack) return;
  const data = await results();
  const row = box.parentElement;
  const number = firstOf.get(row.closest("table")) + box.cellIndex - 1;
  const place = data.places.get(`${number} ${row.dataset.m}`);
  if (place === undefined) return;
  const result = resultAt(data, place);
  const link = box.querySelector("a");
  detail.replaceChildren(...detailParts(result, link ? link.getAttribute("href") : ""));
  opener = box;
  if (!detail.open) detail.show();
  detail.querySelector(".close").focus();
};
const detailParts = (result, href) => {
  const { check, model, kind } = result;
  const close = make("button", { type: "button", class: "close", "aria-label": "Close the details" }, "\u00d7");
  close.addEventListener("click", closeDetail);
  const copy = make("button", { type: "button", class: "copy" }, "copy");
  copy.addEventListener("click", () => copied(copy, result.rerun));
  const numbers = make("dl", { class: "numbers" });
  if (result.value !== null) numbers.append(pair("value", written(result.value, check.unit)));
  if (result.expected !== null) numbers.append(pair("expected", written(result.expected, check.unit)));
  if (result.compared !== null) numbers.append(pair("judged", result.held("compared")), pair("95% interval", `${result.held("low")} to ${result.held("high")}`), pair("limit", result.held("limit")));
  if (result.margin !== null) numbers.append(pair("margin", signed(result.margin, check.unit)));
  if (result.n !== null) numbers.append(pair("n", result.n.toLocaleString("en")));
  if (result.evidence) numbers.append(pair("evidence", `${result.evidence}${result.extrapolated ? ", extrapolated" : ""}`));
  return [
    close,
    make("p", { class: "head" }, make("span", { class: `badge ${kind}` }, kind), ` ${check.measured}`),
    make("h2", { id: "detail-title" }, check.key),
    make("p", { class: "soft" }, model.id),
    numbers,
    make("p", { class: "sentence" }, check.sentence),
    make("div", { class: "rerun" }, make("code", {}, result.rerun), copy),
    make("p", { class: "soft" }, make("code", {}, check.position), ...(href ? [" ", make("a", { href }, "everything about it")] : [])),
  ];
};
const closeDetail = () => { detail.close(); opener?.focus(); };
detail.addEventListener("keydown", (event) => { if (event.key === "Escape") closeDetail(); });

// --- the table of all results is made when it is opened ---
const COLUMNS = ["model", "status", "value", "judged", "95% interval", "limit", "n", "evidence"];
const allResults = document.getElementById("all");
const fillAll = async () => {
  const frame = allResults.querySelector(".scroll");
  if (frame.firstChild || !allResults.open || !canUnpack) return;
  const data = await results();
  const bodies = data.checks.map((check) => make("tbody", {}, make("tr", {}, make("th", { colspan: COLUMNS.length, scope: "rowgroup" }, `${check.key}  ${check.measured}`))));
  data.columns.check.forEach((check, row) => bodies[check].append(allRow(resultAt(data, row))));
  frame.append(make("table", { class: "list all" }, make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name)))), ...bodies));
  filterAll(wanted());
};
const allRow = (result) => {
  const unit = result.check.unit;
  const judged = result.compared === null ? ["", "", ""] : [result.held("compared"), `${result.held("low")} to ${result.held("high")}`, result.held("limit")];
  const cells = [result.model.id, result.kind, result.value === null ? "" : written(result.value, unit), ...judged, result.n ?? "", `${result.evidence}${result.extrapolated ? ", extrapolated" : ""}`];
  const row = make("tr", { class: result.kind }, ...cells.map((text) => make("td", {}, String(text))));
  row.column = columns[result.check.place];
  return row;
};
const filterAll = (want) => {
  for (const row of all("#all tbody tr[class]")) row.hidden = Boolean(row.column) && !matches(want, row.column, row.cells[0].textContent, row.className);
};
allResults.addEventListener("toggle", fillAll);
listeners.push(filterAll);

// --- CSV: what the filter shows, every digit that the page has ---
const FIELDS = ["suite", "check", "model", "status", "measured", "value", "compared", "low", "high", "limit", "margin", "expected", "n", "unit", "evidence", "extrapolated", "nodeid", "rerun"];
const quotedField = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  // A spreadsheet takes a leading sign of a text for a formula.
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const csvText = async () => {
  const data = await results();
  const want = wanted();
  const lines = [FIELDS.join(",")];
  for (let row = 0; row < data.columns.check.length; row += 1) {
    const result = resultAt(data, row);
    const column = columns[result.check.place];
    if (column ? !matches(want, column, result.model.id, result.kind) : isActive(want)) continue;
    const fields = { ...result, suite: result.check.suite, check: result.check.key, model: result.model.id, status: result.kind, measured: result.check.measured, unit: result.check.unit };
    lines.push(FIELDS.map((name) => quotedField(fields[name])).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
};
document.getElementById("csv").addEventListener("click", async () => {
  const link = make("a", { href: URL.createObjectURL(new Blob([await csvText()], { type: "text/csv" })), download: "robustcheck.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
});
