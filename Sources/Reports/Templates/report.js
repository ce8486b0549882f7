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
    const names = heads.flatMap((head) =>
      head.dataset.small ? [text(head), `${text(head)}, ${head.dataset.small}`] : [text(head)]);
    const rows = [...body.rows].map((row) => [...row.cells].flatMap((cell, column) =>
      heads[column].dataset.small ? [text(cell), cell.querySelector("small")?.textContent ?? ""] : [text(cell)]));
    const lines = [names, ...rows].map((cells) => cells.map(quoted).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = name + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  table.caption.firstElementChild.append(save);
}

// What a cell says, without the small type below.
function text(cell) {
  return cell.firstChild?.textContent ?? "";
}

function compare(a, b) {
  if (a.dataset.sort !== undefined && b.dataset.sort !== undefined) {
    return Number(a.dataset.sort) - Number(b.dataset.sort) || 0;
  }
  return text(a).localeCompare(text(b), "en", { numeric: true });
}

function quoted(cell) {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
