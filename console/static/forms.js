// Forms as the API's JSON, and the API's errors beside the fields that they blame.

/** What a form says: empty fields are left out, or null where the field says so. */
export function readForm(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || (field.type === "radio" && !field.checked)) continue;
    if ("changes" in form.dataset && !hasChanged(field)) continue;
    const value = read(field);
    if (value === undefined) continue;
    const [name, inner] = field.name.split(".");
    if (inner) (body[name] ??= {})[inner] = value;
    else body[name] = value;
  }
  return body;
}

function hasChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

function read(field) {
  if (field.type === "checkbox") return "list" in field.dataset ? undefined : field.checked;
  if (field.dataset.kind === "options") return [...field.selectedOptions].map((option) => option.value);
  const text = field.value.trim();
  if (!text) return "null" in field.dataset ? null : undefined;
  const kind = field.dataset.kind;
  if (kind === "number") return Number(text);
  if (kind === "json") return JSON.parse(text);
  if (kind === "words") return text.split(/[\s,;]+/).filter(Boolean);
  if (kind === "lines") return text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  if (kind === "contacts") return text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean).map((phone) => ({ phone }));
  if (kind === "moment") return new Date(text).toISOString();
  return text;
}

/** Say beside each field what is wrong with it, and above the form the sentence that says it all. */
export function showProblem(form, problem) {
  clearProblems(form);
  const place = form.querySelector("[data-problem]") ?? form.appendChild(document.createElement("p"));
  place.className = "problem";
  place.dataset.problem = "";
  place.setAttribute("role", "alert");
  place.textContent = problem.message;
  for (const { field: name, reason } of problem.details) {
    const field = name && form.elements[name];
    if (!(field instanceof HTMLElement)) continue;
    field.setAttribute("aria-invalid", "true");
    const note = document.createElement("span");
    note.className = "problem";
    note.id = `problem-${name}`;
    note.dataset.blames = name;
    note.textContent = reason;
    field.setAttribute("aria-describedby", note.id);
    field.after(note);
  }
  (form.querySelector("[aria-invalid=true]") ?? place).focus?.();
}

export function clearProblems(form) {
  form.querySelectorAll("[data-blames]").forEach((note) => note.remove());
  form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  const place = form.querySelector("[data-problem]");
  if (place) place.textContent = "";
}
