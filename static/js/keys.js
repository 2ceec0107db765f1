// In a list [data-keys] of items [data-keys-item], single keys work on the item that has the focus: j and k move,
// and the key of a control inside ([data-key="l"]) uses it, or of one that serves the whole list ([data-keys-list]).
// Outside the list, in fields and with a modifier no key does anything, and the help's [data-keys-switch] turns
// them off for good.
const OFF = "desk-keys-off";

function isOff() {
  return localStorage.getItem(OFF) === "yes";
}

function helpOf(list) {
  return document.getElementById(list.closest("section").querySelector("[data-keys-help]").dataset.keysHelp);
}

function move(list, item, by) {
  const items = [...list.querySelectorAll("[data-keys-item]")];
  const next = items[items.indexOf(item) + by];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function use(list, item, key) {
  const named = `[data-key="${CSS.escape(key)}"]`;
  const control = item.querySelector(named) ?? list.querySelector(`[data-keys-list] ${named}`);
  control?.click();
  return Boolean(control);
}

function isTyping(target) {
  return target.matches("textarea, select, [contenteditable], input:not([type=checkbox])");
}

document.addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-keys]");
  const item = event.target.closest?.("[data-keys-item]");
  if (!list || !item || isOff() || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  // Enter is the focused control's own; of the item itself it is free.
  if (event.key === "Enter" && event.target !== item) return;
  const moves = { j: 1, k: -1 };
  if (event.key in moves) move(list, item, moves[event.key]);
  else if (event.key === "?") helpOf(list).showModal();
  else if (!use(list, item, event.key)) return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-keys-help]");
  if (opener) document.getElementById(opener.dataset.keysHelp).showModal();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-keys-switch]")) localStorage.setItem(OFF, event.target.checked ? "no" : "yes");
});

// After a change the page comes back at the item it was made on, and so does the focus.
for (const box of document.querySelectorAll("[data-keys-switch]")) box.checked = !isOff();
const target = document.getElementById(location.hash.slice(1));
if (target?.matches("[data-keys-item]")) target.focus();
