// What all pages do: times, buttons that act, forms that send, parts that keep themselves up to date.
import { ApiProblem, confirmed, fragment, say, send } from "./api.js";
import { readForm, showProblem } from "./forms.js";
import { localize } from "./times.js";

localize();

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-post], [data-delete], [data-open], [data-close]");
  if (!button) return;
  if (button.dataset.open) return openDialog(button);
  if (button.dataset.close !== undefined) return button.closest("dialog").close();
  event.preventDefault();
  if (button.dataset.confirm && !(await confirmed(button.dataset.confirm, button.dataset.explain, button.dataset.yes ?? button.textContent))) return;
  await act(button, button.dataset.delete ? "DELETE" : "POST", button.dataset.delete ?? button.dataset.post, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-send]");
  if (!form) return;
  event.preventDefault();
  const [method, path] = form.dataset.send.split(" ");
  const button = form.querySelector("button:not([type=button])");
  const body = form.dataset.as === "form" ? new FormData(form) : readForm(form);
  if (form.dataset.confirm && !(await confirmed(form.dataset.confirm, form.dataset.explain))) return;
  await act(button, method, path, body, form);
});

async function act(button, method, path, body, form) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const key = method === "POST" ? { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) } : {};
    const answer = await send(method, path, body, key);
    (form ?? button).dispatchEvent(new CustomEvent("acted", { bubbles: true, detail: answer }));
    await after(form ?? button, answer);
  } catch (problem) {
    if (!(problem instanceof ApiProblem)) throw problem;
    if (form) showProblem(form, problem);
    else say(problem.message, "bad");
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

async function after(source, answer) {
  const { after: next, show, said } = source.dataset;
  if (show) return showOnce(show, answer);
  if (next?.startsWith("/")) return location.assign(next.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(answer[name])));
  if (next === "reload") return location.reload();
  source.closest("dialog")?.close();
  say(said ?? answer.message ?? "Done.");
  await refreshAll();
}

/** A secret that is shown this once. */
function showOnce(id, answer) {
  const dialog = document.getElementById(id);
  document.querySelectorAll("dialog[open]").forEach((open) => open.close());
  for (const part of dialog.querySelectorAll("[data-value]")) part.textContent = answer[part.dataset.value] ?? "";
  dialog.addEventListener("close", () => location.reload(), { once: true });
  dialog.showModal();
}

/** Open a dialog; one for many rows is told which of them it is about. */
function openDialog(button) {
  const dialog = document.getElementById(button.dataset.open);
  if (button.dataset.to) {
    const form = dialog.querySelector("form");
    form.dataset.send = `${form.dataset.send.split(" ")[0]} ${button.dataset.to}`;
    form.querySelector("input").value = button.dataset.fill;
  }
  dialog.showModal();
}

const parts = [...document.querySelectorAll("[data-live]")];

async function refresh(part) {
  const fresh = await fragment(part.dataset.live);
  showStale(fresh === null);
  if (fresh !== null) replace(part, fresh);
}

/** Say whether what is seen may be old. */
export function showStale(stale) {
  document.getElementById("stale").hidden = !stale;
}

/** Put in what has changed, part by part, and the focus back to where it was. */
export function replace(root, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const parts = [...fresh.content.querySelectorAll("[data-part]")];
  if (!parts.length) return swap(root, html, () => (root.innerHTML = html));
  for (const part of parts) {
    const old = root.querySelector(`[data-part="${part.dataset.part}"]`);
    if (old) swap(old, part.outerHTML, () => old.replaceWith(part));
  }
}

const shown = new WeakMap();

function swap(old, html, put) {
  if (shown.get(old) === html) return;
  const within = old.parentElement;
  const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  const opened = [...old.querySelectorAll("details[open] > summary")].map(nameOf);
  const selector = old.dataset.part ? `[data-part="${old.dataset.part}"]` : null;
  put();
  const now = selector ? within.querySelector(selector) : old;
  shown.set(now, html);
  localize(now);
  for (const one of now.querySelectorAll("button, a, summary")) {
    if (opened.includes(nameOf(one)) && one.parentElement.tagName === "DETAILS") one.parentElement.open = true;
    if (focused && nameOf(one) === focused) one.focus();
  }
}

function nameOf(element) {
  return element.getAttribute("aria-label") ?? element.textContent;
}

export async function refreshAll() {
  await Promise.all(parts.map(refresh));
}

for (const part of parts.filter((one) => one.dataset.every)) {
  setInterval(() => document.visibilityState === "visible" && refresh(part), Number(part.dataset.every) * 1000);
}

for (const [mark, script] of [["data-stream", "live.js"], ["data-new-job", "new-job.js"]]) {
  if (document.querySelector(`[${mark}]`)) import(`./${script}`);
}
