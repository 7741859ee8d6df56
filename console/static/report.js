// What a job would come to, as the API says.
const BINDING = {
  job: "this job's lines",
  organization: "the organization's lines",
  credits: "the credits",
  window: "the calling window",
};

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function count(number, noun, plural = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

function note(kind, title, lines) {
  const made = element("div", undefined, `note ${kind}`);
  made.append(element("strong", title), ...lines.map((line) => element("span", line)));
  return made;
}

export function renderReport(place, report) {
  const rows = report.validation;
  const callable = report.totalContacts - report.blockedContacts;
  const parts = [];
  for (const obstacle of report.obstacles) parts.push(note("bad", obstacle.error, []));
  const missing = leftOut(report);
  const all = rows.rows - rows.blank;
  if (missing.length) parts.push(note("warn", `${(all - callable).toLocaleString("en")} of ${all.toLocaleString("en")} will not be called, because`, missing));
  const facts = element("dl", undefined, "tiles");
  const finish = report.estimatedFinish ? new Date(report.estimatedFinish).toLocaleString("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }) : "not everybody is likely reached";
  for (const [name, value] of [
    ["Will be called", count(callable, "contact")],
    ["Likely cost", report.estimatedCost],
    ["Takes about", report.estimatedDuration],
    ["Likely done", finish],
    ["The limit that binds", BINDING[report.bindingLimit] ?? report.bindingLimit],
    ["Lines it can use", String(report.lines.usable)],
  ]) {
    const tile = element("div");
    const said = element("dd");
    said.append(element(value.length > 16 ? "small" : "span", value));
    tile.append(element("dt", name), said);
    facts.append(tile);
  }
  parts.push(facts, note("info", report.message, []));
  if (rows.warnings.length) {
    const more = element("details");
    const list = element("ul", undefined, "stack");
    list.append(...rows.warnings.map((warning) => element("li", warning)));
    more.append(element("summary", count(rows.warnings.length, "note")), list);
    more.open = rows.warnings.length <= 4;
    parts.push(more);
  }
  const places = element("p", `Countries: ${report.countries.map((one) => `${one.country ?? "none"} ${one.contacts.toLocaleString("en")}${one.allowed ? "" : " (not allowed)"}`).join(", ")}.`, "quiet small");
  parts.push(places);
  const box = element("div", undefined, "stack");
  box.append(...parts);
  place.replaceChildren(box);
}

function leftOut(report) {
  const rows = report.validation;
  const reasons = [];
  if (rows.invalidTotal) reasons.push(`${count(rows.invalidTotal, "row")} cannot be read (see the list at the file).`);
  if (rows.duplicatesTotal) reasons.push(`${count(rows.duplicatesTotal, "number stands", "numbers stand")} there twice: each is called once.`);
  if (report.blockedContacts) reasons.push(`${count(report.blockedContacts, "number is", "numbers are")} on the do-not-call list, or in a country that may not be called.`);
  return reasons;
}

/** The rows that cannot be called, beside the file. */
export function renderRowErrors(place, rows) {
  if (!rows.invalid.length) return place.replaceChildren();
  const table = element("table", undefined, "tight");
  table.append(element("caption", `${count(rows.invalidTotal, "row")} cannot be called`));
  const head = table.createTHead().insertRow();
  for (const name of ["Row", "Column", "Value", "What is wrong"]) head.append(Object.assign(element("th", name), { scope: "col" }));
  const body = table.createTBody();
  for (const row of rows.invalid) {
    const line = body.insertRow();
    line.append(Object.assign(element("th", String(row.row)), { scope: "row" }));
    for (const cell of [row.column ?? "", row.value ?? "", row.reason]) line.append(element("td", cell));
  }
  const scroll = element("div", undefined, "scroll");
  scroll.append(table);
  place.replaceChildren(scroll);
}
