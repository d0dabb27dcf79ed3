"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
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

  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a === b ? 0 : a < b ? -1 : 1;
  };

  const errorTable = (fact) => {
    const fields = ["max_abs", "scale", "scaled", "cosine", "ulp_p50", "ulp_p99", "ulp_max"];
    const headings = ["", "max |a − b|", "max |a|", "scaled", "cosine", "ULP p50", "ULP p99", "ULP max"];
    const errors = element("table");
    errors.append(element("tr"));
    errors.rows[0].append(...headings.map((heading) => element("th", heading)));
    for (const name of ["propagated", "isolated", "float64"].filter((name) => fact[name])) {
      const line = errors.insertRow();
      line.append(element("th", name), ...fields.map((field) => {
        const value = fact[name][field];
        return element("td", field === "cosine" && typeof value === "number" ? value.toFixed(9) : written(value));
      }));
    }
    return errors;
  };

  const sourceLinks = (path) =>
    (data.sources[path] ?? []).map(([side, where, url]) => {
      const line = element("p", `${side}: `);
      line.className = "soft";
      line.append(Object.assign(element("a", where), { href: url }));
      return line;
    });

  const setUp = (section) => {
    const facts = data[section.dataset.rows];
    const table = section.querySelector("table");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const place = new Map(rows.map((row, index) => [row, index]));
    const search = section.querySelector("input[type=search]");
    const group = section.querySelector("select");
    const boxes = [...section.querySelectorAll("input[type=checkbox]")];
    const fact = (row) => facts[row.dataset.key];
    const scaled = (name) => (row) => number(fact(row)[name]?.scaled ?? null);
    const plain = (name) => (row) => number(fact(row)[name] ?? null);
    const sortValues = {
      order: (row) => place.get(row),
      key: (row) => fact(row).name ?? row.dataset.key,
      kind: (row) => fact(row).kind ?? fact(row).quantity,
      shape: (row) => size(fact(row).shape),
      ulp: (row) => number((fact(row).isolated ?? fact(row).propagated)?.ulp_max ?? null),
      verdict: (row) => severity.indexOf(row.dataset.look),
      propagated: scaled("propagated"),
      isolated: scaled("isolated"),
      float64: scaled("float64"),
      floor: plain("floor"),
      amplification: plain("amplification"),
      inherited: plain("inherited"),
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
        const text = `${row.dataset.key} ${sortValues.kind(row)}`.toLowerCase();
        const inGroup = !group?.value || group.value === row.dataset.group;
        row.hidden = !(inGroup && looks.has(row.dataset.look) && text.includes(wanted));
        shown += !row.hidden;
      }
      section.querySelector("output").textContent = `${shown} of ${rows.length}`;
    };

    const toggleDetail = (row, button) => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      if (open) {
        row.nextElementSibling.remove();
        return;
      }
      const cell = Object.assign(element("td"), { colSpan: row.cells.length });
      if (fact(row).reason) cell.append(element("p", fact(row).reason));
      cell.append(errorTable(fact(row)), ...sourceLinks(fact(row).path));
      const detail = element("tr");
      detail.className = "detail";
      detail.append(cell);
      row.after(detail);
    };

    const reveal = (key) => {
      search.value = "";
      if (group) group.value = "";
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
    search.addEventListener("input", filter);
    [group, ...boxes].forEach((control) => control?.addEventListener("change", filter));
    section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    return [section.dataset.rows, reveal];
  };

  const reveals = Object.fromEntries([...document.querySelectorAll("section.rows")].map(setUp));
  document.querySelectorAll(".reveal, .column[data-key]").forEach((item) =>
    item.addEventListener("click", (event) => {
      event.preventDefault();
      reveals[item.closest("[data-rows]").dataset.rows]?.(item.dataset.key);
    }),
  );
  const setAll = (open) => document.querySelectorAll(".tree details").forEach((node) => (node.open = open || !node.parentElement.closest("details")));
  document.getElementById("unfold")?.addEventListener("click", () => setAll(true));
  document.getElementById("fold")?.addEventListener("click", () => setAll(false));
})();
