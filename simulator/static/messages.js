// LINE's message objects as they look in a chat.
import { el, linked } from "./dom.js";
import { flex, picture } from "./flex.js";

/** The body of one message. */
export function message(user, spec) {
  const draw = { text, textV2, sticker, image, location, template, flex: flexMessage, audio, video }[spec.type] || other;
  return draw(user, spec);
}

/** What a message says in one line: for the list of residents. */
export function summary(spec) {
  const names = { sticker: "スタンプ", image: "写真", video: "動画", audio: "音声", location: "位置情報" };
  return spec.text || spec.altText || `［${names[spec.type] || "メッセージ"}］`;
}

const balloon = (...children) => el("div", { class: "balloon" }, ...children);
const text = (_user, spec) => balloon(...linked(spec.text));

function textV2(_user, spec) {
  const values = { mention: () => "@利用者", emoji: () => "☺" };
  const filled = spec.text.replace(/\{\{|\}\}|\{(\w+)\}/g, (found, key) => {
    if (!key) return found[0];
    const value = (spec.substitution || {})[key];
    return value ? values[value.type]() : found;
  });
  return balloon(...linked(filled));
}

const sticker = () => el("div", { class: "sticker", role: "img", "aria-label": "スタンプ" }, "🙂");
const image = (_user, spec) => el("div", { class: "photo" }, picture(spec.previewImageUrl, "cover"));
const video = image;
const audio = () => balloon("▶ 音声メッセージ");
const other = (_user, spec) => balloon(summary(spec));
const flexMessage = (user, spec) => flex(user, spec.contents);

function location(_user, spec) {
  const map = `https://www.openstreetmap.org/?mlat=${spec.latitude}&mlon=${spec.longitude}#map=16/${spec.latitude}/${spec.longitude}`;
  return el(
    "a",
    { class: "place", href: map, target: "_blank", rel: "noopener" },
    el("span", { class: "place-map", "aria-hidden": "true" }, "📍"),
    el("b", {}, spec.title),
    el("span", {}, spec.address),
  );
}

// Templates are older and simpler than Flex Messages; each has a Flex Message that looks the same.
function template(user, spec) {
  const { type, columns } = spec.template;
  const draw = { buttons: card, confirm, carousel: card, image_carousel: pictureCard }[type];
  const container = columns ? { type: "carousel", contents: columns.map(draw) } : draw(spec.template);
  return flex(user, container);
}

const words = (string, more = {}) => ({ type: "text", text: string, wrap: true, size: "sm", ...more });
const choice = (action) => ({ type: "button", height: "sm", action });

function card(spec) {
  const contents = [words(spec.text, { color: spec.title ? "#666666" : "#111111" })];
  if (spec.title) contents.unshift(words(spec.title, { weight: "bold", size: "md" }));
  const hero = { type: "image", url: spec.thumbnailImageUrl, size: "full", aspectRatio: "151:100", aspectMode: "cover" };
  return {
    type: "bubble",
    size: "kilo",
    ...(spec.thumbnailImageUrl ? { hero } : {}),
    body: { type: "box", layout: "vertical", spacing: "sm", contents },
    footer: { type: "box", layout: "vertical", contents: spec.actions.map(choice) },
    styles: { footer: { separator: true } },
  };
}

function confirm(spec) {
  return {
    type: "bubble",
    size: "kilo",
    body: { type: "box", layout: "vertical", contents: [words(spec.text)] },
    footer: { type: "box", layout: "horizontal", contents: spec.actions.map(choice) },
    styles: { footer: { separator: true } },
  };
}

function pictureCard(spec) {
  return {
    type: "bubble",
    size: "kilo",
    hero: { type: "image", url: spec.imageUrl, size: "full", aspectMode: "cover", action: spec.action },
    ...(spec.action.label ? { footer: { type: "box", layout: "vertical", contents: [choice(spec.action)] } } : {}),
  };
}
