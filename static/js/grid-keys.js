// A table of checkboxes, [data-grid-keys], is one stop of the Tab key; arrows move inside it, and with Shift
// they carry the value along.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function boxesOf(table) {
  return [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("input[type=checkbox]")]);
}

function prepare(root) {
  for (const table of root.querySelectorAll("table[data-grid-keys]")) {
    const boxes = boxesOf(table).flat();
    const stop = boxes.find((box) => box.checked) ?? boxes[0];
    for (const box of boxes) box.tabIndex = box === stop ? 0 : -1;
  }
}

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const table = step && event.target.closest?.("table[data-grid-keys]");
  if (!table || event.target.type !== "checkbox") return;
  const rows = boxesOf(table);
  const row = rows.findIndex((boxes) => boxes.includes(event.target));
  const next = rows[row + step[0]]?.[rows[row].indexOf(event.target) + step[1]];
  event.preventDefault();
  if (!next) return;
  if (event.shiftKey && next.checked !== event.target.checked) next.click();
  next.focus();
});

document.addEventListener("focusin", (event) => {
  const table = event.target.type === "checkbox" && event.target.closest("table[data-grid-keys]");
  if (table) for (const box of boxesOf(table).flat()) box.tabIndex = box === event.target ? 0 : -1;
});

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.target));
