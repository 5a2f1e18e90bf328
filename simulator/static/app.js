// The page: the list of residents, the open chat, and the live stream that feeds both.
import { tap } from "./actions.js";
import { button, cancellable, el, post, role, toast } from "./dom.js";
import { message, summary } from "./messages.js";

const state = { epoch: "", bot: {}, residents: new Map(), entries: new Map(), menus: {}, open: null };
const log = document.querySelector('[role="log"]');
const composer = role("composer");
const draft = composer.elements.text;
const READ = "machi-simulator-read";
let menuOpen = null;

// What has been looked at, by resident: the number of the last entry seen. Kept for this run of the simulator.
function readMarks() {
  const kept = JSON.parse(localStorage.getItem(READ) || "{}");
  return kept.epoch === state.epoch ? kept.marks : {};
}

function markRead(user) {
  const last = (state.entries.get(user) || []).at(-1);
  if (!last || document.hidden) return;
  const marks = { ...readMarks(), [user]: last.number };
  localStorage.setItem(READ, JSON.stringify({ epoch: state.epoch, marks }));
}

function unread(user) {
  const mark = readMarks()[user] || 0;
  return (state.entries.get(user) || []).filter((entry) => entry.sender === "bot" && entry.number > mark).length;
}

// The town's time, wherever the browser is.
const timeZone = "Asia/Tokyo";
const clockTime = (at) => new Date(at).toLocaleTimeString("ja-JP", { timeZone, hour: "numeric", minute: "2-digit" });
const day = (at) => new Date(at).toLocaleDateString("ja-JP", { timeZone, month: "long", day: "numeric", weekday: "short" });

// ---- the list of residents

function hue(user) {
  return ([...user].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) * 47) % 360;
}

function avatar(name, user) {
  const style = { backgroundColor: `hsl(${hue(user)} 45% 62%)` };
  return el("span", { class: "avatar", "aria-hidden": "true", style }, [...name][0] || "？");
}

function residentItem(resident) {
  const id = resident.user_id;
  const last = (state.entries.get(id) || []).filter((entry) => entry.via !== "undelivered").at(-1);
  const count = unread(id);
  const standing = { blocked: "ブロック中", stranger: "友だちではありません" }[resident.standing];
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        class: "person",
        "data-resident": id,
        "data-standing": resident.standing,
        "aria-current": state.open === id ? "true" : null,
        click: () => openChat(id),
      },
      avatar(resident.name, id),
      el(
        "span",
        { class: "person-words" },
        el("b", {}, resident.name, standing ? el("small", { class: "standing" }, standing) : null),
        resident.note ? el("small", {}, resident.note) : null,
        el("span", { class: "preview" }, last ? summary(last.message) : "まだやりとりはありません"),
      ),
      el(
        "span",
        { class: "person-side" },
        last ? el("time", {}, clockTime(last.at)) : null,
        count ? el("span", { class: "badge", "data-unread": String(count), "aria-label": `未読${count}件` }, String(count)) : null,
      ),
    ),
  );
}

function drawList() {
  const focused = document.activeElement?.dataset?.resident;
  role("residents").replaceChildren(...[...state.residents.values()].map(residentItem));
  if (focused) document.querySelector(`[data-resident="${focused}"]`)?.focus();
}

// ---- the open chat

function openChat(user) {
  state.open = user;
  menuOpen = null;
  history.replaceState(null, "", `#${user}`);
  document.body.dataset.view = "chat";
  log.dataset.chat = user;
  log.replaceChildren();
  (state.entries.get(user) || []).forEach(appendEntry);
  markRead(user);
  drawList();
  drawPhone();
  document.querySelector(`[data-resident="${user}"]`)?.scrollIntoView({ block: "nearest" });
  log.scrollTop = log.scrollHeight;
}

const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 160;

function appendEntry(entry) {
  const today = day(entry.at);
  if (log.dataset.day !== today || !log.children.length) {
    log.dataset.day = today;
    log.append(el("p", { class: "day" }, today));
  }
  log.append(drawEntry(entry));
}

function drawEntry(entry) {
  const attributes = {
    "data-entry": String(entry.number),
    "data-sender": entry.sender,
    "data-via": entry.via,
    "data-type": entry.message.type,
  };
  if (entry.sender === "system") {
    return el("p", { ...attributes, class: `system ${entry.via === "undelivered" ? "failed" : ""}` }, entry.message.text);
  }
  const body = message(entry.user_id, entry.message);
  const time = el("time", {}, clockTime(entry.at));
  if (entry.sender === "user") {
    return el("article", { ...attributes, class: "line mine", "aria-label": "あなた" }, time, body);
  }
  const name = (entry.message.sender || {}).name || state.bot.name;
  return el(
    "article",
    { ...attributes, class: "line theirs", "aria-label": name },
    el("span", { class: "avatar bot", "aria-hidden": "true" }, [...name][0]),
    el("div", { class: "said" }, el("span", { class: "name" }, name), el("div", { class: "row" }, body, time)),
  );
}

function drawPhone() {
  const resident = state.residents.get(state.open);
  role("bot-name").textContent = state.bot.name;
  role("owner").textContent = resident ? `${resident.name}さんの画面` : "左の一覧から住民を選んでください";
  const standing = resident?.standing;
  button("block").hidden = standing !== "friend";
  button("unblock").hidden = !standing || standing === "friend";
  button("unblock").textContent = standing === "blocked" ? "ブロック解除" : "友だち追加";
  const barred = role("barred");
  barred.hidden = standing === "friend" || !resident;
  barred.textContent = standing === "blocked" ? "ブロック中です。メッセージは届きません。" : "まだ友だちではありません。";
  composer.hidden = standing !== "friend";
  drawQuickReplies();
  drawMenu();
}

function drawQuickReplies() {
  const last = (state.entries.get(state.open) || []).filter((entry) => entry.sender !== "system").at(-1);
  const items = (last?.sender === "bot" && last.message.quickReply?.items) || [];
  const bar = role("quick-replies");
  bar.hidden = !items.length || composer.hidden;
  bar.replaceChildren(
    ...items.map(({ imageUrl, action }) =>
      el(
        "button",
        { type: "button", class: "chip", "data-action-type": action.type, click: () => tap(state.open, action) },
        imageUrl ? el("img", { src: imageUrl, alt: "" }) : null,
        action.label,
      ),
    ),
  );
}

function drawMenu() {
  const { menus = {}, linked = {}, default: fallback } = state.menus;
  const menu = menus[linked[state.open]] || menus[fallback];
  const [panel, toggle] = [role("rich-menu"), button("toggle-menu")];
  toggle.hidden = !menu;
  if (menuOpen === null) menuOpen = Boolean(menu?.selected);
  panel.hidden = !menu || !menuOpen || composer.hidden;
  if (!menu) return;
  toggle.textContent = `${menu.chatBarText} ${menuOpen ? "▾" : "▴"}`;
  toggle.setAttribute("aria-expanded", String(menuOpen));
  const { width, height } = menu.size;
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  const areas = menu.areas.map(({ bounds, action }) =>
    el("button", {
      type: "button",
      "aria-label": action.label || action.displayText || action.text || action.uri || "メニュー",
      "data-action-type": action.type,
      style: {
        left: percent(bounds.x, width),
        top: percent(bounds.y, height),
        width: percent(bounds.width, width),
        height: percent(bounds.height, height),
      },
      click: () => tap(state.open, action),
    }),
  );
  const image = el("img", { src: `/page/menus/${menu.richMenuId}`, alt: "", width, height });
  panel.replaceChildren(image, ...areas);
}

// ---- the live stream

const news = {
  everything({ epoch, bot, residents, entries, menus }) {
    Object.assign(state, { epoch, bot, menus, residents: new Map(), entries: new Map() });
    residents.forEach((resident) => state.residents.set(resident.user_id, resident));
    entries.forEach(keep);
    document.title = `${bot.name}｜LINEシミュレータ`;
    const wanted = state.open || location.hash.slice(1);
    const wide = matchMedia("(min-width: 760px)").matches;
    const first = wide ? state.residents.keys().next().value : undefined;
    const user = state.residents.has(wanted) ? wanted : first;
    if (user) openChat(user);
    else (drawList(), drawPhone());
  },
  resident({ resident }) {
    state.residents.set(resident.user_id, resident);
    drawList();
    if (resident.user_id === state.open) drawPhone();
  },
  entry({ entry }) {
    keep(entry);
    if (entry.user_id === state.open) {
      const atEnd = isAtEnd();
      appendEntry(entry);
      markRead(state.open);
      drawPhone();
      if (atEnd || entry.sender === "user") log.scrollTop = log.scrollHeight;
    }
    drawList();
  },
  menus(menus) {
    state.menus = menus;
    drawMenu();
  },
};

function keep(entry) {
  if (!state.entries.has(entry.user_id)) state.entries.set(entry.user_id, []);
  state.entries.get(entry.user_id).push(entry);
}

function listen() {
  const stream = new EventSource("/page/stream");
  stream.addEventListener("message", (event) => {
    document.body.dataset.live = "true";
    const item = JSON.parse(event.data);
    news[item.kind](item);
  });
  stream.addEventListener("error", () => (document.body.dataset.live = "false"));
}

// ---- what the reader of the page does

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = draft.value.trim();
  if (!text || !state.open) return;
  post(`/page/residents/${state.open}/say`, { text });
  draft.value = "";
});
draft.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
button("back").addEventListener("click", () => (document.body.dataset.view = "list"));
button("toggle-menu").addEventListener("click", () => {
  const atEnd = isAtEnd();
  menuOpen = !menuOpen;
  drawMenu();
  if (atEnd) log.scrollTop = log.scrollHeight;
});
button("block").addEventListener("click", () => post(`/page/residents/${state.open}/block`, {}));
button("unblock").addEventListener("click", () => post(`/page/residents/${state.open}/unblock`, {}));

const adding = role("add-dialog");
cancellable(adding);
button("add-friend").addEventListener("click", () => adding.showModal());
adding.querySelector("form").addEventListener("submit", async (event) => {
  const form = event.target;
  const name = form.elements.name.value.trim();
  form.reset();
  const answer = await post("/page/residents", { name });
  if (answer.ok) openChat((await answer.json()).user_id);
});

document.addEventListener("input-option", ({ detail }) => {
  if (detail.inputOption === "closeRichMenu") menuOpen = false;
  if (detail.inputOption === "openRichMenu") menuOpen = true;
  if (detail.inputOption === "openKeyboard") {
    draft.value = detail.fillInText || draft.value;
    draft.focus();
  }
  drawMenu();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !state.open) return;
  markRead(state.open);
  drawList();
});
window.addEventListener("unhandledrejection", () => toast("シミュレータにつながりません。"));

listen();
