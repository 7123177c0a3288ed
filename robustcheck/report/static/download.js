// --- downloads: what the filter shows, under the names of `robustcheck export-results` ---
const shownTable = async () => {
  const data = await results();
  const want = wanted();
  const isShown = (check, row) => {
    const column = columns[data.checks[check].place];
    return column ? matches(want, column, data.models[data.columns.model[row]].id, data.columns.kind[row]) : !isActive(want);
  };
  const shown = data.columns.check.map(isShown);
  return data.table.map(({ name, type, values }) => ({ name, type, values: values.filter((_, row) => shown[row]) }));
};
const quotedField = (value) => {
  // As Python writes them.
  if (typeof value === "boolean") return value ? "True" : "False";
  // A spreadsheet takes a leading sign of a text for a formula.
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const csvText = (table) => {
  const lines = [table.map((column) => column.name), ...table[0].values.map((_, row) => table.map((column) => column.values[row]))];
  return lines.map((fields) => `${fields.map(quotedField).join(",")}\r\n`).join("");
};
const download = (name, type, content) => {
  const link = make("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
};
document.getElementById("csv").addEventListener("click", async () => download("robustcheck.csv", "text/csv", csvText(await shownTable())));
document.getElementById("parquet").addEventListener("click", async () => download("robustcheck.parquet", "application/vnd.apache.parquet", parquetBytes(await shownTable())));
