// A skill by typing, after the WAI-ARIA combobox pattern: [data-skill-picker] holds where to ask, and a hidden
// input beside it which skill the text is. Without this script the server reads the text.
const PAUSE_MS = 120;
let open = null; // { input, list, note, rows, at }
let timer = 0;
let asking = null;

function prepare(input) {
  if (input.role === "combobox") return;
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.className = "picker__list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Skills");
  list.hidden = true;
  const note = document.createElement("span");
  note.className = "visually-hidden";
  note.setAttribute("role", "status");
  input.parentElement.append(list, note);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
}

function parts(input) {
  const [list, note] = [input.parentElement.querySelector("ul"), input.parentElement.querySelector("[role=status]")];
  return { input, list, note, rows: [], at: -1 };
}

function close() {
  clearTimeout(timer);
  asking?.abort();
  if (!open) return;
  open.list.hidden = true;
  open.input.setAttribute("aria-expanded", "false");
  open.input.removeAttribute("aria-activedescendant");
  open = null;
}

function option(row, index, list) {
  const item = document.createElement("li");
  item.id = `${list.id}-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  const name = document.createElement("span");
  name.textContent = row.name;
  const about = document.createElement("small");
  about.textContent = [row.by && `also “${row.by}”`, row.kind, row.in && `in ${row.in}`].filter(Boolean).join(", ");
  item.append(name, " ", about);
  return item;
}

function show(input, rows) {
  close();
  const now = parts(input);
  now.rows = rows;
  now.list.replaceChildren(...rows.map((row, index) => option(row, index, now.list)));
  now.note.textContent =
    rows.length === 0 ? "No skill found." : `${rows.length} skill${rows.length === 1 ? "" : "s"} found.`;
  if (rows.length === 0) return;
  now.list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  now.list.scrollIntoView({ block: "nearest" });
  open = now;
}

function mark(at) {
  const items = [...open.list.children];
  items.forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
  open.at = at;
  if (at < 0) return open.input.removeAttribute("aria-activedescendant");
  open.input.setAttribute("aria-activedescendant", items[at].id);
  items[at].scrollIntoView({ block: "nearest" });
}

function hidden(input) {
  return input.parentElement.querySelector("input[type=hidden]");
}

function choose(at) {
  const { input, rows, note } = open;
  input.value = rows[at].name;
  hidden(input).value = rows[at].id;
  note.textContent = `${rows[at].name} chosen.`;
  close();
}

async function ask(input) {
  asking?.abort();
  asking = new AbortController();
  const url = new URL(input.dataset.skillPicker, location.href);
  url.searchParams.set("q", input.value.slice(0, 80));
  try {
    const answer = await fetch(url, { signal: asking.signal, headers: { Accept: "application/json" } });
    if (answer.ok && document.activeElement === input) show(input, (await answer.json()).skills);
  } catch {
    // Typed on meanwhile, or no connection: the text is read by the server when the form is sent.
  }
}

function askSoon(input, pause = PAUSE_MS) {
  clearTimeout(timer);
  if (input.value.trim() === "") return close();
  timer = setTimeout(ask, pause, input);
}

const KEYS = {
  ArrowDown: () => mark((open.at + 1) % open.rows.length),
  ArrowUp: () => mark((open.at < 0 ? open.rows.length : open.at) - 1),
  Enter: () => (open.at >= 0 ? choose(open.at) : false),
  Escape: () => close(),
};

document.addEventListener("keydown", (event) => {
  const input = event.target.closest?.("[data-skill-picker]");
  if (!input || event.isComposing || event.ctrlKey || event.metaKey) return;
  if (open?.input === input) {
    // Home and End move in the text, as in every text field, and leave the list.
    if (event.key === "Home" || event.key === "End") return mark(-1);
    if (event.key in KEYS && !event.altKey && KEYS[event.key]() !== false) event.preventDefault();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    askSoon(input, 0);
  }
});

document.addEventListener("input", (event) => {
  const input = event.target.closest?.("[data-skill-picker]");
  if (!input) return;
  hidden(input).value = "";
  askSoon(input);
});

document.addEventListener("focusin", (event) => {
  const input = event.target.closest?.("[data-skill-picker]");
  if (open && open.input !== input) close();
  if (input) prepare(input);
});

document.addEventListener("focusout", (event) => {
  if (open && event.target === open.input) close();
});

// Before the press takes the focus away from the field.
document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest?.(".picker__list > li");
  if (item) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const item = event.target.closest?.(".picker__list > li");
  if (item && open) choose([...open.list.children].indexOf(item));
});

for (const input of document.querySelectorAll("[data-skill-picker]")) prepare(input);
