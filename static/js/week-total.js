// Says in [data-week-total] how many hours of the week are ticked.
function tell(week) {
  const output = week.querySelector("[data-week-total]");
  if (!output) return;
  const hours = week.querySelectorAll("input[type=checkbox]:checked").length / 2;
  output.textContent = hours === 0 ? "No time chosen yet" : `${hours} ${hours === 1 ? "hour" : "hours"} a week`;
}

document.querySelectorAll("[data-paint]").forEach(tell);
document.addEventListener("htmx:load", (event) => event.target.querySelectorAll("[data-paint]").forEach(tell));
document.addEventListener("change", (event) => {
  const week = event.target.closest?.("[data-paint]");
  if (week) tell(week);
});
