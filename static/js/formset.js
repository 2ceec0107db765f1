// Rows of a Django formset: [data-formset] holds [data-formset-rows], a <template data-formset-empty>,
// [data-formset-add] and, in each [data-formset-row], [data-formset-remove].
function counter(formset, name) {
  return formset.querySelector(`[name="${formset.dataset.formset}-${name}"]`);
}

function firstControl(row) {
  return row.querySelector("input:not([type=hidden]), select, textarea");
}

function addRow(formset) {
  const total = counter(formset, "TOTAL_FORMS");
  const most = Number(counter(formset, "MAX_NUM_FORMS")?.value || 1000);
  const index = Number(total.value);
  if (index >= most) return;
  const holder = document.createElement("template");
  holder.innerHTML = formset
    .querySelector("template[data-formset-empty]")
    .innerHTML.replaceAll("__prefix__", String(index));
  const row = holder.content.querySelector("[data-formset-row]");
  formset.querySelector("[data-formset-rows]").append(row);
  total.value = String(index + 1);
  formset.querySelector("[data-formset-add]").disabled = index + 1 >= most;
  firstControl(row)?.focus();
}

// Django skips a row whose DELETE is ticked. Its other controls are disabled, so that the browser does not
// refuse the form for a value that nobody can see.
function removeRow(row) {
  const formset = row.closest("[data-formset]");
  const mark = row.querySelector("input[name$='-DELETE']");
  const rows = [...formset.querySelectorAll("[data-formset-row]:not([hidden])")];
  const neighbour = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
  if (mark) {
    mark.checked = true;
    row.hidden = true;
    for (const control of row.querySelectorAll("input, select, textarea")) {
      if (control !== mark && control.type !== "hidden") control.disabled = true;
    }
  } else {
    row.remove();
  }
  (neighbour?.querySelector("[data-formset-remove]") ?? formset.querySelector("[data-formset-add]"))?.focus();
}

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-formset-add]");
  if (add) addRow(add.closest("[data-formset]"));
  const remove = event.target.closest("[data-formset-remove]");
  if (remove) removeRow(remove.closest("[data-formset-row]"));
});
