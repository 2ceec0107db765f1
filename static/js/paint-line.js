// A button [data-paint-line] at the head of a column or of an hour paints all of its cells, or clears them when
// all are painted.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-paint-line]");
  if (!button) return;
  const table = button.closest("table");
  const rows = [...table.tBodies[0].rows];
  const row = button.closest("tr");
  const lines =
    button.dataset.paintLine === "column"
      ? rows.map((each) => [each.cells[button.closest("th").cellIndex]])
      : rows.slice(rows.indexOf(row), rows.indexOf(row) + 2).map((each) => [...each.cells]);
  const boxes = lines.flat().flatMap((cell) => [...cell.querySelectorAll("input[type=checkbox]")]);
  const value = !boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = value;
  table.dispatchEvent(new Event("change", { bubbles: true }));
});
