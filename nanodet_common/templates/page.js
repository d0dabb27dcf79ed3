"use strict";
// A heading sorts its table: numbers from the largest, text from A; once more, the other way round.
document.querySelectorAll("table").forEach((table) => {
  const body = table.tBodies[0];
  const value = (row, index) => {
    const cell = row.cells[index];
    if (cell.dataset.value === undefined) return cell.textContent;
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  };
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  table.tHead.addEventListener("click", (event) => {
    const heading = event.target.closest("button")?.parentElement;
    if (!heading) return;
    const before = heading.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : heading.classList.contains("text");
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const keyed = [...body.rows].map((row) => [value(row, heading.cellIndex), row]);
    // What was not measured stays at the end.
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return ascending ? compare(a, b) : compare(b, a);
    });
    body.append(...keyed.map(([, row]) => row));
  });
});
