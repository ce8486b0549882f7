// Tables sort by the column whose heading is pressed, and are saved as CSV.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => direction * compare(a.cells[column], b.cells[column]));
      body.append(...rows);
    });
  });

  const name = table.caption.textContent;
  const save = document.createElement("button");
  save.className = "save";
  save.textContent = "Save as CSV";
  save.addEventListener("click", () => {
    const lines = [[...heads], ...[...body.rows].map((row) => [...row.cells])].map((cells) =>
      cells.map((cell) => quoted(cell.textContent)).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = name + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  table.caption.append(save);
}

function compare(a, b) {
  if (a.dataset.sort !== undefined && b.dataset.sort !== undefined) {
    return Number(a.dataset.sort) - Number(b.dataset.sort) || 0;
  }
  return a.textContent.localeCompare(b.textContent, "en", { numeric: true });
}

function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
