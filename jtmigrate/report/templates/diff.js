"use strict";
(() => {
  const layers = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("layers");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const search = document.getElementById("search");
  const boxes = [...document.querySelectorAll(".filters input[type=checkbox]")];
  const severity = ["identical", "aligned", "rounding", "uncompared", "inherited", "mismatch"];

  const element = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text });

  // JSON has no infinity: the report writes such numbers as strings, and what was not measured as null.
  const number = (value) => (value === null ? null : Number.isNaN(Number(value)) ? Infinity : Number(value));

  const written = (value) => {
    if (value === null) return "-";
    if (typeof value === "string") return value;
    const magnitude = Math.abs(value);
    if (value === 0) return "0";
    return magnitude >= 0.01 && magnitude < 1000 ? value.toPrecision(3) : value.toExponential(2).replace("e+", "e");
  };

  const size = (shape) => shape.reduce((product, length) => product * length, 1);

  const sortValues = {
    order: (row) => layers[row.dataset.key].order,
    key: (row) => row.dataset.key,
    kind: (row) => layers[row.dataset.key].kind,
    shape: (row) => size(layers[row.dataset.key].shape),
    floor: (row) => number(layers[row.dataset.key].floor),
    ulp: (row) => situation(row, "ulp_max"),
    verdict: (row) => severity.indexOf(row.dataset.look),
    propagated: (row) => scaled(row, "propagated"),
    isolated: (row) => scaled(row, "isolated"),
    float64: (row) => scaled(row, "float64"),
  };
  const scaled = (row, name) => number(layers[row.dataset.key][name]?.scaled ?? null);
  const situation = (row, field) => {
    const layer = layers[row.dataset.key];
    return number((layer.isolated ?? layer.propagated)?.[field] ?? null);
  };

  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a === b ? 0 : a < b ? -1 : 1;
  };

  const closeDetails = () => {
    body.querySelectorAll("tr.detail").forEach((detail) => detail.remove());
    body.querySelectorAll("[aria-expanded=true]").forEach((button) => button.setAttribute("aria-expanded", "false"));
  };

  const sort = (button) => {
    const heading = button.parentElement;
    const isText = ["order", "key", "kind"].includes(button.dataset.sort);
    const before = heading.getAttribute("aria-sort");
    const direction = before ? (before === "ascending" ? "descending" : "ascending") : isText ? "ascending" : "descending";
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", direction);
    closeDetails();
    const value = sortValues[button.dataset.sort];
    const keyed = rows.map((row) => [value(row), row]);
    keyed.sort(([a], [b]) => (a === null || b === null || direction === "ascending" ? compare(a, b) : compare(b, a)));
    body.append(...keyed.map(([, row]) => row));
  };

  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    const looks = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    closeDetails();
    let shown = 0;
    for (const row of rows) {
      const text = `${row.dataset.key} ${layers[row.dataset.key].kind}`.toLowerCase();
      row.hidden = !(looks.has(row.dataset.look) && text.includes(wanted));
      shown += !row.hidden;
    }
    document.getElementById("shown").textContent = `${shown} of ${rows.length}`;
  };

  const detailTable = (layer) => {
    const fields = ["max_abs", "scale", "scaled", "cosine", "ulp_p50", "ulp_p99", "ulp_max"];
    const headings = ["", "max |a − b|", "max |a|", "scaled", "cosine", "ULP p50", "ULP p99", "ULP max"];
    const details = element("table");
    details.append(element("tr"));
    details.rows[0].append(...headings.map((heading) => element("th", heading)));
    for (const name of ["propagated", "isolated", "float64"].filter((name) => layer[name])) {
      const line = details.insertRow();
      line.append(element("th", name), ...fields.map((field) => {
        const value = layer[name][field];
        return element("td", field === "cosine" && typeof value === "number" ? value.toFixed(9) : written(value));
      }));
    }
    return details;
  };

  const toggleDetail = (row, button) => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      row.nextElementSibling.remove();
      return;
    }
    const layer = layers[row.dataset.key];
    const cell = Object.assign(element("td"), { colSpan: row.cells.length });
    if (layer.reason) cell.append(element("p", layer.reason));
    cell.append(detailTable(layer));
    const detail = element("tr");
    detail.className = "detail";
    detail.append(cell);
    row.after(detail);
  };

  const reveal = (key) => {
    search.value = "";
    boxes.forEach((box) => (box.checked = true));
    filter();
    const row = rows.find((candidate) => candidate.dataset.key === key);
    const button = row.querySelector("button");
    toggleDetail(row, button);
    row.scrollIntoView({ block: "center" });
    button.focus({ preventScroll: true });
  };

  table.tHead.addEventListener("click", (event) => {
    if (event.target.dataset.sort) sort(event.target);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-key]");
    if (row && !String(getSelection())) toggleDetail(row, row.querySelector("button"));
  });
  document.querySelectorAll(".reveal, .column").forEach((item) =>
    item.addEventListener("click", (event) => {
      event.preventDefault();
      reveal(item.dataset.key);
    }),
  );
  search.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  const setAll = (open) => document.querySelectorAll(".tree details").forEach((node) => (node.open = open || !node.parentElement.closest("details")));
  document.getElementById("unfold").addEventListener("click", () => setAll(true));
  document.getElementById("fold").addEventListener("click", () => setAll(false));
})();
