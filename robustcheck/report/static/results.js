// --- all results: details of one, and the table of all ---
let unpackedResults;
const results = () => (unpackedResults ??= unpacked("results").then((text) => {
  const data = JSON.parse(text);
  data.places = new Map();
  data.columns.check.forEach((check, row) => data.places.set(`${data.checks[check].place} ${data.models[data.columns.model[row]].id}`, row));
  data.table.forEach((column) => { column.values = cellsOf(data, column); });
  return data;
}));
// Texts that many results have are kept once; JSON has no infinity and no NaN.
const cellsOf = (data, column) => {
  if (column.type === "double") return column.values.map((value) => (value === null ? null : Number(value)));
  if (column.type !== "text") return column.values;
  const values = column.at.map((place) => column.texts[place]);
  return column.name === "rerun" ? values.map((pattern, row) => filled(pattern, data.models[data.columns.model[row]])) : values;
};
const filled = (pattern, model) => pattern && pattern.replace(/[\x02\x03]/g, (sign) => (sign === "\x02" ? model.id : model.text));
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
const written = (value, unit) => (!Number.isFinite(value) ? "\u2013" : minus(unit === "%" ? `${share(100 * value)}%` : number(value)));
const signed = (value, unit) => {
  if (!Number.isFinite(value)) return "\u2013";
  const size = unit === "%" ? `${share(100 * Math.abs(value))} pp` : number(Math.abs(value));
  return /[1-9]/.test(size) ? `${value < 0 ? "\u2212" : "+"}${size}` : size;
};
const resultAt = (data, row) => {
  const result = Object.fromEntries(data.table.map((column) => [column.name, column.values[row]]));
  const about = data.checks[data.columns.check[row]];
  const held = result.expected === null ? written : signed;
  const evidence = `${result.evidence ?? ""}${data.columns.extrapolated[row] ? ", extrapolated" : ""}`;
  return { ...result, about, evidence, kind: data.columns.kind[row], held: (name) => held(result[name], result.unit) };
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
  const { about, kind, unit } = result;
  const close = make("button", { type: "button", class: "close", "aria-label": "Close the details" }, "\u00d7");
  close.addEventListener("click", closeDetail);
  const copy = make("button", { type: "button", class: "copy" }, "copy");
  copy.addEventListener("click", () => copied(copy, result.rerun));
  const numbers = make("dl", { class: "numbers" });
  if (result.value !== null) numbers.append(pair("value", written(result.value, unit)));
  if (result.expected !== null) numbers.append(pair("expected", written(result.expected, unit)));
  if (result.compared !== null) numbers.append(pair("judged", result.held("compared")), pair("95% interval", `${result.held("compared_low")} to ${result.held("compared_high")}`), pair("limit", result.held("limit")));
  if (result.margin !== null) numbers.append(pair("margin", signed(result.margin, unit)));
  if (result.n !== null) numbers.append(pair("n", result.n.toLocaleString("en")));
  if (result.evidence) numbers.append(pair("evidence", result.evidence));
  return [
    close,
    make("p", { class: "head" }, make("span", { class: `badge ${kind}` }, kind), ` ${about.measured}`),
    make("h2", { id: "detail-title" }, result.check),
    make("p", { class: "soft" }, result.model),
    numbers,
    make("p", { class: "sentence" }, about.sentence),
    make("p", {}, result.reason),
    make("div", { class: "rerun" }, make("code", {}, result.rerun), copy),
    make("p", { class: "soft" }, make("code", {}, about.position), ...(href ? [" ", make("a", { href }, "everything about it")] : [])),
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
  const bodies = data.checks.map(() => make("tbody"));
  data.columns.check.forEach((check, row) => {
    const result = resultAt(data, row);
    if (!bodies[check].firstChild) bodies[check].append(make("tr", {}, make("th", { colspan: COLUMNS.length, scope: "rowgroup" }, `${result.check}  ${result.about.measured}`)));
    bodies[check].append(allRow(result));
  });
  frame.append(make("table", { class: "list all" }, make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name)))), ...bodies));
  filterAll(wanted());
};
const allRow = (result) => {
  const { unit, kind } = result;
  const judged = result.compared === null ? ["", "", ""] : [result.held("compared"), `${result.held("compared_low")} to ${result.held("compared_high")}`, result.held("limit")];
  const cells = [result.model, kind, result.value === null ? "" : written(result.value, unit), ...judged, result.n ?? "", result.evidence];
  const row = make("tr", { class: kind }, ...cells.map((text) => make("td", {}, String(text))));
  row.column = columns[result.about.place];
  return row;
};
const filterAll = (want) => {
  for (const row of all("#all tbody tr[class]")) row.hidden = Boolean(row.column) && !matches(want, row.column, row.cells[0].textContent, row.className);
};
allResults.addEventListener("toggle", fillAll);
listeners.push(filterAll);
