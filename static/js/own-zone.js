// A select[data-own-zone] that still stands at UTC is set to the zone of this computer.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const select of document.querySelectorAll("select[data-own-zone]")) {
  const offered = [...select.options].some((option) => option.value === zone);
  if (offered && select.value === "UTC") select.value = zone;
}
