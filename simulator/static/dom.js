// Building elements, and the few small things every part of the page needs.

/** An element; attributes that are null or false are left out, functions are listeners, `style` is an object. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "style") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with this `data-role`. */
export const role = (name) => document.querySelector(`[data-role="${name}"]`);

/** The static button with this `data-action`. */
export const button = (name) => document.querySelector(`button[data-action="${name}"]`);

/** A text with its web addresses as links. */
export function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s　、。）」]+)/);
  return parts.map((part, index) => (index % 2 ? el("a", { href: part, target: "_blank", rel: "noopener" }, part) : part));
}

/** Show a line at the bottom of the screen for a few seconds. */
export function toast(words) {
  const line = role("toast");
  line.textContent = words;
  line.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (line.hidden = true), 3000);
}

/** POST JSON to the simulator. */
export async function post(path, body) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) toast("シミュレータがエラーを返しました。");
  return answer;
}

/** Wire a dialog's cancel button, and Escape, to close it without a result. */
export function cancellable(dialog) {
  dialog.querySelector('[data-action="cancel"]').addEventListener("click", () => dialog.close());
}
