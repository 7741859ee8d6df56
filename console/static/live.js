// The page of a job or of a contact, kept up to date by the server.
import { refreshAll, replace, showStale } from "./console.js";

const part = document.querySelector("[data-stream]");
let source;

function open() {
  source = new EventSource(part.dataset.stream);
  source.addEventListener("open", () => showStale(false));
  source.addEventListener("part", (event) => replace(part, event.data));
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    if (document.visibilityState === "visible") showStale(true);
    if (source.readyState !== EventSource.CLOSED) return;  // the browser tries again
    refreshAll();  // who is signed out is asked to sign in
    setTimeout(open, 10000);
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && source.readyState === EventSource.CLOSED) open();
  if (document.visibilityState === "hidden") source.close();
});
open();
