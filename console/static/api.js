// Requests to the API, in the session of this page. Each write carries the page's own token.
import { showDialog } from "./focus.js";

const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";

export class ApiProblem extends Error {
  constructor(answer, status) {
    super(answer?.error ?? "No answer came. Look whether the service runs, then try again.");
    this.details = answer?.details ?? [];
    this.code = answer?.code ?? "";
    this.status = status;
  }
}

/** Send JSON, or a form with a file. Throws ApiProblem. */
export async function send(method, path, body, headers = {}) {
  const isForm = body instanceof FormData;
  const sent = { "X-CSRF-Token": token, ...headers };
  if (body !== undefined && !isForm) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/console/api${path}`, { method, headers: sent, body: isForm ? body : body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiProblem(null, 0);
  }
  if (answer.status === 401) location.reload();
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiProblem(said, answer.status);
  return said;
}

/** A part of a page, as HTML; null where it is not there now. */
export async function fragment(path) {
  try {
    const answer = await fetch(path, { headers: { Accept: "text/html" } });
    if (answer.status === 401) location.reload();
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** Say something in the corner; problems stay until they are closed. */
export function say(text, kind = "good") {
  const note = document.createElement("div");
  note.className = `note ${kind}`;
  const said = document.createElement("span");
  said.textContent = text;
  note.append(said);
  const close = document.createElement("button");
  close.className = "plain";
  close.textContent = "Close";
  close.addEventListener("click", () => note.remove());
  if (kind === "bad") note.append(close);
  else setTimeout(() => note.remove(), 6000);
  document.getElementById("messages").append(note);
}

/** Ask before something that cannot be undone. */
export function confirmed(question, explanation = "", yes = "Yes") {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("h2").textContent = question;
  dialog.querySelector("p").textContent = explanation;
  dialog.querySelector("button[value=yes]").textContent = yes;
  dialog.returnValue = "no";
  showDialog(dialog);
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}
