// What happens when a resident taps something.
import { cancellable, post, role, toast } from "./dom.js";

const PICKER_INPUTS = { date: "date", time: "time", datetime: "datetime-local" };
const picker = role("picker");
const input = picker.querySelector("input");
let pending = null;

cancellable(picker);
picker.querySelector("form").addEventListener("submit", () => {
  const { user, action } = pending;
  post(`/page/residents/${user}/tap`, { action, picked: input.value });
});

function openPicker(user, action) {
  pending = { user, action };
  picker.querySelector("h2").textContent = action.label || "選択";
  input.type = PICKER_INPUTS[action.mode];
  const at = (value) => (value || "").replace("t", "T");
  input.min = at(action.min);
  input.max = at(action.max);
  input.value = at(action.initial);
  picker.showModal();
  input.focus();
}

function openLink(uri) {
  if (/^https?:/.test(uri)) window.open(uri, "_blank", "noopener");
  else if (uri.startsWith("tel:")) toast(`電話をかけます：${decodeURIComponent(uri.slice(4))}`);
  else toast("LINEアプリの中の画面が開きます。");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("コピーしました");
  } catch {
    toast(`コピーする文字：${text}`);
  }
}

/** Carry out an action object for a resident. */
export function tap(user, action) {
  if (action.type === "datetimepicker") openPicker(user, action);
  else if (action.type === "uri") openLink(action.uri);
  else if (action.type === "clipboard") copy(action.clipboardText);
  else if (["camera", "cameraRoll", "location"].includes(action.type)) toast("この画面では、写真と位置情報は送れません。");
  else {
    post(`/page/residents/${user}/tap`, { action });
    if (action.inputOption) document.dispatchEvent(new CustomEvent("input-option", { detail: action }));
  }
}

/** The attributes that make an element, other than a button, tappable by finger and keyboard. */
export function tappable(user, action) {
  const press = (event) => {
    event.stopPropagation();
    tap(user, action);
  };
  return {
    role: "button",
    tabindex: "0",
    "aria-label": action.label || null,
    "data-action-type": action.type,
    click: press,
    keydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press(event);
    },
  };
}
