readyGrid();
form.addEventListener("input", (event) => { target = ""; if (event.target.name === "group") groupRows(); apply(); writeHash(); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { target = ""; groupRows(); apply(); writeHash(); }));
addEventListener("hashchange", readHash);
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#r"], a[href^="#skip"], a[href="#missing"]');
  if (!link) return;
  event.preventDefault();
  if (detail.open) detail.close();
  target = link.getAttribute("href").slice(1);
  writeHash();
  goTo(target);
});
all(".plot").forEach(watch);
readHash();
