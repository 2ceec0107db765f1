// Says on the page, in words, that the browser gave no passkey: cancelled, timed out, or none there.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const told = document.querySelector("[data-passkey-error]");
  if (told) told.hidden = false;
});
