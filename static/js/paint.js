// Painting over the checkboxes of a table in [data-paint], with mouse, pen or finger. What lies between the
// first and the current cell takes the value that the first one turned to. A finger paints while
// [data-touch-paint] is checked; two fingers, and one beside the cells, scroll as ever.
let stroke = null;
let swipe = null; // height on the screen where two fingers were last
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
  stroke = { table, cells, before, from: placeOf(cells, box), value: !box.checked };
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
  swipe = null;
  if (!stroke) return;
  stroke.table.closest("[data-paint]").classList.remove("week--painting");
  stroke.table.dispatchEvent(new Event("change", { bubbles: true }));
  swallowClick = true;
  setTimeout(() => (swallowClick = false), 60);
  stroke = null;
}

function undo() {
  stroke.cells.forEach((boxes, row) => boxes.forEach((each, n) => (each.checked = stroke.before[row][n])));
  end();
}

document.addEventListener("pointerdown", (event) => {
  if (stroke && !event.isPrimary) return undo(); // a second finger: they meant to scroll
  const box = event.target.closest?.("[data-paint] .week__slot")?.querySelector("input");
  if (!box || event.button !== 0 || !event.isPrimary) return;
  const paints = box.closest("[data-paint]").querySelector("[data-touch-paint]:checked");
  if (event.pointerType !== "touch" || paints) begin(box);
});

document.addEventListener("pointermove", (event) => {
  const box = stroke && event.isPrimary && boxAt(event.clientX, event.clientY);
  if (box) extend(box);
});

document.addEventListener("pointerup", (event) => event.isPrimary && end());
document.addEventListener("pointercancel", (event) => event.isPrimary && end());
document.addEventListener("contextmenu", (event) => stroke && event.preventDefault());

// Cells let no finger scroll while they are painted on, so two of them are followed here.
document.addEventListener(
  "touchmove",
  (event) => {
    if (event.touches.length !== 2 || !event.target.closest?.("[data-paint] .week__slot")) return;
    const height = (event.touches[0].clientY + event.touches[1].clientY) / 2;
    if (swipe !== null) window.scrollBy(0, swipe - height);
    swipe = height;
  },
  { passive: true },
);

// The stroke has set the boxes already; the click that follows it must not turn the last one back.
document.addEventListener(
  "click",
  (event) => {
    const byPointer = event.detail > 0;
    if (swallowClick && byPointer && event.target.closest?.("[data-paint] .week__slot")) event.preventDefault();
  },
  true,
);
