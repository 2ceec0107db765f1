// Painting over the checkboxes of a table in [data-paint]: drag with a mouse or pen; with a finger, press and
// hold first, so that a plain swipe still scrolls. What lies between the first and the current cell takes the
// value that the first one turned to.
const HOLD_MS = 220;
const SLIP_PX = 8;
let stroke = null;
let swallowClick = false;

function boxAt(x, y) {
  return document.elementFromPoint(x, y)?.closest("[data-paint] .week__slot")?.querySelector("input") ?? null;
}

function cellsOf(table) {
  return [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("input[type=checkbox]")]);
}

function placeOf(cells, box) {
  const row = cells.findIndex((boxes) => boxes.includes(box));
  return row < 0 ? null : { row, column: cells[row].indexOf(box) };
}

function begin(box) {
  const table = box.closest("table");
  const cells = cellsOf(table);
  const before = cells.map((boxes) => boxes.map((each) => each.checked));
  stroke = { ...stroke, table, cells, before, from: placeOf(cells, box), value: !box.checked, active: true };
  table.closest("[data-paint]").classList.add("week--painting");
  extend(box);
}

function extend(box) {
  const to = placeOf(stroke.cells, box);
  if (!to) return;
  const between = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
  stroke.cells.forEach((boxes, row) =>
    boxes.forEach((each, column) => {
      const inside =
        between(row, stroke.from.row, to.row) && between(column, stroke.from.column, to.column);
      each.checked = inside ? stroke.value : stroke.before[row][column];
    }),
  );
}

function end() {
  if (!stroke) return;
  clearTimeout(stroke.timer);
  if (stroke.active) {
    stroke.table.closest("[data-paint]").classList.remove("week--painting");
    stroke.table.dispatchEvent(new Event("change", { bubbles: true }));
    swallowClick = true;
    setTimeout(() => (swallowClick = false), 60);
  }
  stroke = null;
}

document.addEventListener("pointerdown", (event) => {
  const box = event.target.closest?.("[data-paint] .week__slot")?.querySelector("input");
  if (!box || event.button !== 0 || !event.isPrimary) return;
  stroke = { x: event.clientX, y: event.clientY, active: false };
  if (event.pointerType === "touch") {
    stroke.timer = setTimeout(() => begin(box), HOLD_MS);
  } else {
    begin(box);
  }
});

document.addEventListener("pointermove", (event) => {
  if (!stroke) return;
  if (!stroke.active) {
    if (Math.hypot(event.clientX - stroke.x, event.clientY - stroke.y) > SLIP_PX) end();
    return;
  }
  const box = boxAt(event.clientX, event.clientY);
  if (box) extend(box);
});

document.addEventListener("pointerup", end);
document.addEventListener("pointercancel", end);
document.addEventListener("touchmove", (event) => stroke?.active && event.preventDefault(), { passive: false });
document.addEventListener("contextmenu", (event) => stroke?.active && event.preventDefault());
// The stroke has set the boxes already; the click that follows it must not turn the last one back.
document.addEventListener(
  "click",
  (event) => {
    const byPointer = event.detail > 0;
    if (swallowClick && byPointer && event.target.closest?.("[data-paint] .week__slot")) event.preventDefault();
  },
  true,
);
