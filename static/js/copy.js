// [data-copy="id"] copies the value of the input with that id, and says so for a moment with [data-copied].
const SAYS_FOR = 2500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const input = document.getElementById(button.dataset.copy);
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    return; // it is selected, and can be copied by hand
  }
  const label = button.textContent;
  if (label === button.dataset.copied) return;
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = label), SAYS_FOR);
});
