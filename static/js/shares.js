// Beside each weight in [data-shares] its share of the whole, as it would be: [data-share-row] holds
// [data-weight], the text [data-share] and a bar.
function tell(shares) {
  const rows = [...shares.querySelectorAll("[data-share-row]")];
  const weights = rows.map((row) => {
    const input = row.querySelector("[data-weight]");
    return input.validity.valid ? Number(input.value) : 0;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  rows.forEach((row, index) => {
    const share = total ? Math.round((100 * weights[index]) / total) : 0;
    row.querySelector("[data-share]").textContent = String(share);
    row.querySelector(".bar-fill rect")?.setAttribute("width", String(share));
  });
}

document.addEventListener("input", (event) => {
  const shares = event.target.closest?.("[data-shares]");
  if (shares) tell(shares);
});
