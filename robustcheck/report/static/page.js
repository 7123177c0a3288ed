const root = document.documentElement;
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
root.classList.add("scripted");

// --- theme: the system's, until the reader chooses; storage may be closed to a file ---
const storedTheme = (value) => {
  try {
    if (value) localStorage.setItem("robustcheck-theme", value);
    return localStorage.getItem("robustcheck-theme");
  } catch { return null; }
};
if (storedTheme()) root.dataset.theme = storedTheme();
document.getElementById("theme").addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  storedTheme(root.dataset.theme);
});

// --- data and scripts are packed; a browser that cannot unpack them keeps what is drawn without a script ---
const unpacked = (id) => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const canUnpack = Boolean(window.DecompressionStream);

const copied = async (button, text) => {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch { getSelection().selectAllChildren(button.previousElementSibling); }
};
for (const button of all(".copy")) button.addEventListener("click", () => copied(button, button.previousElementSibling.textContent));
// A heading in a summary is marked up as both; where every fold opens on paper, so do these.
addEventListener("beforeprint", () => all("#reasons details, .cards details, .numbers-of, #missing > details, #passed > details").forEach((fold) => { fold.open = true; }));
// On paper the numbers of narrow columns stand again after so many rows, since browsers do not repeat the heading on every sheet.
const ROWS_A_HEADING = 24;
const numbersRow = (table) => make("tr", { class: "again", "aria-hidden": "true" }, make("th"), ...all(".columns th[data-key]:not([hidden])", table).map((th) => make("th", {}, String(Number(th.dataset.sort) + 1))));
addEventListener("beforeprint", () => all(".grid.many").forEach((table) => {
  const shown = all("tbody tr[data-m]:not([hidden])", table);
  for (let place = ROWS_A_HEADING; place < shown.length; place += ROWS_A_HEADING) shown[place].before(numbersRow(table));
}));
addEventListener("afterprint", () => all(".again").forEach((row) => row.remove()));
