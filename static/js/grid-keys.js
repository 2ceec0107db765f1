// A table of checkboxes, [data-grid-keys], is one stop of the Tab key; arrows, Home and End move inside it, to
// the buttons at the head of its lines too. With Shift, arrows carry the value along.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const CONTROLS = "input[type=checkbox], button";

function controlsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map((cell) => cell.querySelector(CONTROLS)));
}

function makeStop(table, stop) {
  for (const control of table.querySelectorAll(CONTROLS)) control.tabIndex = control === stop ? 0 : -1;
}

function prepare(root) {
  for (const table of root.querySelectorAll("table[data-grid-keys]"))
    makeStop(table, table.querySelector("input:checked") ?? table.querySelector("input"));
}

function target(controls, from, key) {
  const row = controls.findIndex((line) => line.includes(from));
  if (key === "Home") return controls[row].find((each) => each?.type === "checkbox") ?? controls[row].find(Boolean);
  if (key === "End") return controls[row].at(-1);
  const [down, right] = STEPS[key];
  return controls[row + down]?.[controls[row].indexOf(from) + right];
}

document.addEventListener("keydown", (event) => {
  const table = event.target.closest?.("table[data-grid-keys]");
  if (!table || !event.target.matches(CONTROLS) || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!(event.key in STEPS) && event.key !== "Home" && event.key !== "End") return;
  event.preventDefault();
  const next = target(controlsOf(table), event.target, event.key);
  if (!next) return;
  const carries = event.shiftKey && event.key in STEPS && event.target.type === "checkbox";
  if (carries && next.type === "checkbox" && next.checked !== event.target.checked) next.click();
  next.focus();
});

document.addEventListener("focusin", (event) => {
  const table = event.target.matches(CONTROLS) && event.target.closest("table[data-grid-keys]");
  if (table) makeStop(table, event.target);
});

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.target));
