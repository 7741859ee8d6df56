// A new job: the file, its columns, the rules, what it comes to, a test call, the start.
import { ApiProblem, confirmed, send } from "./api.js";
import { Draft } from "./draft.js";
import { clearProblems, showProblem } from "./forms.js";
import { renderReport, renderRowErrors } from "./report.js";

const form = document.getElementById("job");
const find = (id) => document.getElementById(id);
const draft = new Draft(form.dataset.newJob);
const token = document.querySelector("meta[name=csrf-token]").content;
let file;
let table = { columns: [], rows: [] };
let checked = null;
let key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

// Step 1: the file and its columns.

const drop = document.querySelector(".drop");
for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => (event.preventDefault(), drop.classList.add("over")));
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => (event.preventDefault(), take(event.dataTransfer.files[0])));
find("file").addEventListener("change", (event) => take(event.target.files[0]));

async function take(chosen) {
  if (!chosen) return;
  file = chosen;
  draft.keepFile(chosen);
  forget();
  await readColumns();
  await save();
}

async function readColumns() {
  const read = file;
  find("file-problem").textContent = "";
  find("chosen").textContent = `${file.name} · ${Math.max(1, Math.round(file.size / 1024)).toLocaleString()} KB`;
  const body = new FormData();
  body.append("file", file);
  const answer = await fetch("/console/columns", { method: "POST", body, headers: { "X-CSRF-Token": token } }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (read !== file) return; // another was chosen meanwhile
  if (!answer?.ok) {
    find("mapping").hidden = true;
    find("file-problem").textContent = said?.error ?? "The file could not be read. Try again.";
    return;
  }
  table = said;
  showColumns();
}

function showColumns() {
  for (const select of form.querySelectorAll("select[data-column]")) {
    const kept = select.value;
    while (select.options.length > 1) select.remove(1);
    for (const column of table.columns.filter(Boolean)) select.add(new Option(column, column));
    select.value = table.columns.includes(kept) ? kept : guess(select.name);
  }
  const required = find("required");
  required.replaceChildren(...table.columns.filter(Boolean).slice(0, 12).map((column) => {
    const label = document.createElement("label");
    label.className = "check";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", value: column });
    box.dataset.required = "";
    label.append(box, ` ${column}`);
    return label;
  }));
  const shown = document.createElement("table");
  shown.className = "tight";
  shown.createCaption().textContent = "First rows of the file";
  shown.caption.className = "unseen";
  const head = shown.createTHead().insertRow();
  head.append(...table.columns.map((column) => Object.assign(document.createElement("th"), { textContent: column, scope: "col" })));
  const body = shown.createTBody();
  for (const row of table.rows) {
    const line = body.insertRow();
    for (const cell of row) line.insertCell().textContent = masked(cell);
  }
  find("first-rows").replaceChildren(shown);
  find("mapping").hidden = false;
}

/** As on every page: numbers show their last two digits. */
function masked(text) {
  return text.slice(0, 120).replace(/\+?\d{7,15}/g, (number) => `…${number.slice(-2)}`);
}

/** The column that most likely has this meaning, where none is named `phone`. */
function guess(name) {
  if (name !== "phoneColumn" || table.columns.some((column) => column.toLowerCase() === "phone")) return "";
  const named = table.columns.find((column) => /phone|mobile|tel|number|handy|móvil/i.test(column));
  const index = table.rows[0]?.findIndex((cell) => /^[+(]?\d[\d\s()./-]{6,}$/.test(cell)) ?? -1;
  return named ?? table.columns[index] ?? "";
}

// Step 3: own hours, the start.

find("window").addEventListener("change", showOwnHours);
function showOwnHours() {
  for (const part of form.querySelectorAll("[data-own-hours]")) part.hidden = find("window").value !== "own";
}

for (const name of ["start", "zone"]) find(name).addEventListener("input", showLocalClock);
form.addEventListener("change", (event) => {
  if (event.target.name === "when") showStart();
});

function showStart() {
  find("start").disabled = form.elements.when.value !== "later";
  showLocalClock();
}

function showLocalClock() {
  const at = find("start").disabled || !find("start").value ? null : instant(find("start").value, find("zone").value || "UTC");
  find("local-clock").textContent = at ? at.toLocaleString("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }) : "–";
}

/** The instant at which the clocks of a zone show this; null for a zone that is none. */
function instant(wall, zone) {
  try {
    const asUtc = new Date(`${wall}Z`);
    const there = new Date(`${asUtc.toLocaleString("sv", { timeZone: zone }).replace(" ", "T")}Z`);
    return new Date(asUtc.getTime() - (there - asUtc));
  } catch {
    return null;
  }
}

// What is sent.

function fields() {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.name === "when" || field.type === "checkbox" || !field.value.trim()) continue;
    const text = field.value.trim();
    const value = field.dataset.kind === "numbers" ? text.split(/[\s,;]+/).map(Number) : field.dataset.kind === "number" ? Number(text) : text;
    const [name, inner] = field.name.split(".");
    if (inner) (values[name] ??= {})[inner] = value;
    else values[name] = value;
  }
  if (values.callingWindow === "own") {
    const weekdays = [...form.querySelectorAll("[data-weekday]:checked")].map((box) => box.dataset.weekday);
    values.callingWindow = { from: find("w-from").value, to: find("w-to").value, weekdays };
  }
  const required = [...form.querySelectorAll("[data-required]:checked")].map((box) => box.value);
  if (required.length) values.requiredFields = required;
  return values;
}

function body() {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields())) data.append(name, typeof value === "object" ? JSON.stringify(value) : value);
  if (file) data.append("file", file, file.name);
  return data;
}

// Step 4: check, try, start.

find("check").addEventListener("click", () => busy(find("check"), check));
find("call-me").addEventListener("click", () => busy(find("call-me"), callMe));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  busy(find("create"), create);
});
form.addEventListener("input", () => (forget(), save()));

async function check() {
  clearProblems(form);
  const report = await send("POST", "/batch/validate", body());
  checked = report;
  renderReport(find("report"), report);
  renderRowErrors(find("row-errors"), report.validation);
  find("create").hidden = !report.wouldBeCreated;
  find("create").textContent = report.status === "scheduled" ? "Schedule it" : "Start calling";
  find("check").classList.toggle("primary", !report.wouldBeCreated);
}

async function create() {
  const people = checked.totalContacts - checked.blockedContacts;
  const question = checked.status === "scheduled" ? "Schedule this job?" : `Call ${people.toLocaleString("en")} ${people === 1 ? "person" : "people"}?`;
  if (!(await confirmed(question, checked.message, find("create").textContent))) return;
  const created = await send("POST", "/batch/create", body(), { "Idempotency-Key": key });
  await draft.discard();
  location.assign(`/console/jobs/${created.batchJobId}`);
}

async function callMe() {
  clearProblems(form);
  const test = body();
  if (!test.has("name")) test.append("name", "a new job");
  test.append("phone", find("own-phone").value.trim());
  const created = await send("POST", "/batch/test", test);
  const link = Object.assign(document.createElement("a"), { href: `/console/jobs/${created.batchJobId}`, target: "_blank", textContent: "See what becomes of the call" });
  find("tried").replaceChildren("Your telephone will ring. ", link, ", in a new tab.");
}

async function busy(button, work) {
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof ApiProblem)) throw problem;
    showProblem(form, problem);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** What was checked is no longer what would be sent. */
function forget() {
  if (!checked) return;
  checked = null;
  key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  find("create").hidden = true;
  find("check").classList.add("primary");
  find("report").replaceChildren(Object.assign(document.createElement("p"), { className: "quiet", textContent: "Something has changed: check again." }));
}

// The draft.

function save() {
  const values = {};
  for (const field of form.elements) {
    if (!field.id || field.type === "file") continue;
    values[field.id] = field.type === "checkbox" ? field.checked : field.value;
  }
  draft.fields = { values, when: form.elements.when.value, required: [...form.querySelectorAll("[data-required]:checked")].map((box) => box.value) };
}

async function restore() {
  const kept = form.dataset.like ? null : draft.fields;
  const keptFile = form.dataset.like ? undefined : await draft.file();
  if (keptFile && !file) {  // one that was chosen meanwhile is the one that is meant
    file = keptFile;
    await readColumns();
  }
  for (const [id, value] of Object.entries(kept?.values ?? {})) {
    const field = find(id);
    if (!field || field.form !== form) continue;
    if (field.type === "checkbox") field.checked = value;
    else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value)) field.value = value;
  }
  if (kept?.when) form.elements.when.value = kept.when;
  for (const box of form.querySelectorAll("[data-required]")) box.checked = kept?.required?.includes(box.value) ?? false;
  showOwnHours();
  showStart();
}

find("discard").addEventListener("click", async () => {
  if (!(await confirmed("Discard the draft?", "Its fields and the file are forgotten.", "Discard"))) return;
  await draft.discard();
  location.assign("/console/new");
});

restore();
