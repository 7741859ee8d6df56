// What all pages do: times, buttons that act, forms that send, parts that keep themselves up to date.
import { ApiProblem, confirmed, fragment, say, send } from "./api.js";
import { findFocus, focusAgain, nameOf, showDialog } from "./focus.js";
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

/** Once at a time; a button that was disabled meanwhile would lose the focus. */
async function act(button, method, path, body, form) {
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
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

/** What is shown this once: a secret, or what came of something and how to take it back. */
function showOnce(id, answer) {
  const dialog = document.getElementById(id);
  document.querySelectorAll("dialog[open]").forEach((open) => open.close());
  for (const part of dialog.querySelectorAll("[data-value]")) part.textContent = answer[part.dataset.value] ?? "";
  for (const button of dialog.querySelectorAll("[data-undo]")) {
    button.hidden = !answer.batchId;
    button.dataset.delete = `${button.dataset.undo}/${answer.batchId}`;
  }
  dialog.addEventListener("close", () => location.reload(), { once: true });
  showDialog(dialog);
}

/** Open a dialog; one for many rows is told which of them it is about. */
function openDialog(button) {
  const dialog = document.getElementById(button.dataset.open);
  if (button.dataset.to) {
    const form = dialog.querySelector("form");
    form.dataset.send = `${form.dataset.send.split(" ")[0]} ${button.dataset.to}`;
    form.querySelector("input").value = button.dataset.fill;
  }
  showDialog(dialog);
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
  const parts = [...fresh.content.querySelectorAll("[data-part]")].filter((part) => !part.parentElement?.closest("[data-part]"));
  if (!parts.length) return swap(root, html, () => ((root.innerHTML = html), root));
  for (const part of parts) {
    const old = root.querySelector(`[data-part="${part.dataset.part}"]`);
    if (old) swap(old, part.outerHTML, () => (old.replaceWith(part), part));
  }
}

const shown = new WeakMap();
let held = false; // whether something was not put in while somebody was at it
let pressed = null;

function swap(old, html, put) {
  if (shown.get(old) === html) return;
  if (isInHand(old)) return (held = true);
  const focused = findFocus(old);
  const opened = new Map([...old.querySelectorAll("details > summary")].map((one) => [nameOf(one), one.parentElement.open]));
  const kept = new Map([...old.querySelectorAll("[data-keep]")].map((one) => [one.dataset.keep, one.textContent]));
  const scrolled = old.querySelector(".scroll")?.scrollLeft ?? 0;
  const now = put();
  shown.set(now, html);
  for (let around = now.parentElement?.closest("[data-part]"); around; around = around.parentElement.closest("[data-part]")) shown.delete(around);
  localize(now);
  for (const one of now.querySelectorAll("[data-keep]")) one.textContent = kept.get(one.dataset.keep) ?? one.textContent;
  for (const one of now.querySelectorAll("summary")) one.parentElement.open = opened.get(nameOf(one)) ?? one.parentElement.open;
  if (scrolled) now.querySelector(".scroll")?.scrollTo({ left: scrolled });
  if (focused) focusAgain(now, focused);
}

/** What somebody has selected or is pressing is left alone until he lets go. */
function isInHand(part) {
  const selection = getSelection();
  return part.contains(pressed) || (!selection.isCollapsed && selection.containsNode(part, true));
}

async function letGo() {
  if (!held || pressed || !getSelection().isCollapsed) return;
  held = false;
  await refreshAll();
}

document.addEventListener("pointerdown", (event) => (pressed = event.target));
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => setTimeout(() => ((pressed = null), letGo())));
}
document.addEventListener("selectionchange", letGo);

export async function refreshAll() {
  await Promise.all(parts.map(refresh));
}

for (const part of parts.filter((one) => one.dataset.every)) {
  setInterval(() => document.visibilityState === "visible" && refresh(part), Number(part.dataset.every) * 1000);
}
