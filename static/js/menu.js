// A <details data-menu> closes when one clicks or tabs out of it, and on Escape, which returns the focus.
function openMenus() {
  return document.querySelectorAll("details[data-menu][open]");
}

function closeUnlessInside(target) {
  for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
}

document.addEventListener("click", (event) => closeUnlessInside(event.target));
document.addEventListener("focusin", (event) => closeUnlessInside(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});
