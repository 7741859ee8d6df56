// Where the keyboard is: it stays there when a part of the page is replaced, and comes back when a dialog closes.
const REACHED = "button, a, summary, input, select, textarea, [tabindex]";

/** What has the focus within a part, by its name and its place; null where nothing has. */
export function findFocus(part) {
  const focused = document.activeElement;
  return part.contains(focused) ? { name: nameOf(focused), place: reached(part).indexOf(focused) } : null;
}

/** To what has the same name; where it is gone, to what scrolls there, or to what stands in its place. */
export function focusAgain(part, { name, place }) {
  const there = reached(part);
  const found = there.find((one) => nameOf(one) === name) ?? there.find((one) => one.matches(".scroll")) ?? there[Math.min(place, there.length - 1)];
  found?.focus({ preventScroll: true });
}

/** Show a dialog; a browser gives the focus back by itself unless what had it was replaced meanwhile. */
export function showDialog(dialog) {
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    if (!opener.isConnected) reached(document).find((one) => nameOf(one) === nameOf(opener))?.focus({ preventScroll: true });
  }, { once: true });
  dialog.showModal();
}

export function nameOf(element) {
  return element.getAttribute("href") ?? element.getAttribute("aria-label") ?? element.textContent;
}

function reached(root) {
  return [...root.querySelectorAll(REACHED)];
}
