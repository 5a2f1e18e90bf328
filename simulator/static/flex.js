// Flex Messages as LINE draws them. Sizes are those of LINE's own renderer, in CSS pixels.
// https://developers.line.biz/en/docs/messaging-api/flex-message-layout/
import { tap, tappable } from "./actions.js";
import { el } from "./dom.js";

const SPACES = { none: 0, xs: 2, sm: 4, md: 8, lg: 12, xl: 16, xxl: 20 };
const BORDERS = { none: 0, light: 0.5, normal: 1, medium: 2, "semi-bold": 3, bold: 4 };
const FONTS = { xxs: 11, xs: 13, sm: 14, md: 16, lg: 19, xl: 22, xxl: 29, "3xl": 35, "4xl": 48, "5xl": 74 };
const IMAGES = { xxs: 40, xs: 60, sm: 80, md: 100, lg: 120, xl: 140, xxl: 160, "3xl": 180, "4xl": 200, "5xl": 220 };
const SIDES = { start: "flex-start", center: "center", end: "flex-end", top: "flex-start", bottom: "flex-end" };

const measure = (steps, value) => (value in steps ? `${steps[value]}px` : value);
const space = (value) => (value === undefined || value === null ? "" : measure(SPACES, value));

/** A whole Flex container for one resident's chat. */
export function flex(user, container) {
  if (container.type === "carousel") {
    const bubbles = container.contents.map((each) => bubble(user, each));
    return el("div", { class: "fx-carousel", tabindex: "0", role: "group", "aria-label": "横に送れるカード" }, ...bubbles);
  }
  return bubble(user, container);
}

function bubble(user, spec) {
  const size = spec.size || "mega";
  const blocks = ["header", "hero", "body", "footer"].filter((name) => spec[name]);
  const drawn = blocks.map((name, index) => block(user, spec, name, index > 0));
  const attributes = spec.action ? tappable(user, spec.action) : {};
  return el("div", { ...attributes, class: `fx-bubble fx-${size}`, dir: spec.direction || "ltr" }, ...drawn);
}

function block(user, spec, name, below) {
  const style = (spec.styles || {})[name] || {};
  const line = below && style.separator;
  return el(
    "div",
    {
      class: `fx-block fx-${name}-block`,
      style: {
        backgroundColor: style.backgroundColor || "",
        borderTop: line ? `1px solid ${style.separatorColor || "#d4d6da"}` : "",
      },
    },
    component(user, spec[name], { layout: "vertical", contents: [] }, true, name),
  );
}

/** One component; `first` when nothing precedes it in its box, so that no margin does either. */
function component(user, spec, parent, first, blockName = "") {
  const draw = { box, button: pressable, image, icon, text, separator, filler, video }[spec.type];
  const element = draw(user, spec, parent, blockName);
  place(element, spec, parent, first);
  return element;
}

function place(element, spec, parent, first) {
  const style = element.style;
  const row = parent.layout !== "vertical";
  const grows = spec.type === "filler" || (row && !spec.width && !["icon", "separator"].includes(spec.type));
  const growing = spec.flex ?? (grows ? 1 : 0);
  style.flex = growing > 0 ? (row ? `${growing} 0 0px` : `${growing} 0 auto`) : "none";
  if (!first && spec.position !== "absolute") style[row ? "marginInlineStart" : "marginTop"] = space(spec.margin ?? parent.spacing);
  if (row && spec.gravity) style.alignSelf = SIDES[spec.gravity];
  if (spec.position === "absolute") style.position = "absolute";
  style.top = space(spec.offsetTop);
  style.bottom = space(spec.offsetBottom);
  style.insetInlineStart = space(spec.offsetStart);
  style.insetInlineEnd = space(spec.offsetEnd);
}

function box(user, spec, _parent, blockName) {
  const children = spec.contents.map((child, index) => component(user, child, spec, index === 0));
  const attributes = spec.action ? tappable(user, spec.action) : {};
  const style = {
    flexDirection: spec.layout === "vertical" ? "column" : "row",
    alignItems: spec.layout === "baseline" ? "baseline" : spec.alignItems || "",
    justifyContent: spec.justifyContent || "",
    backgroundColor: spec.backgroundColor || "",
    backgroundImage: gradient(spec.background),
    borderRadius: space(spec.cornerRadius),
    overflow: spec.cornerRadius ? "hidden" : "",
    padding: space(spec.paddingAll),
    width: spec.width || "",
    maxWidth: spec.maxWidth || "",
    height: spec.height || "",
    maxHeight: spec.maxHeight || "",
  };
  if (spec.borderWidth || spec.borderColor) {
    style.border = `${measure(BORDERS, spec.borderWidth || "none")} solid ${spec.borderColor || "transparent"}`;
  }
  const element = el("div", { ...attributes, class: `fx-box ${blockName ? `fx-${blockName}` : ""}`, style }, ...children);
  const paddings = { Top: "paddingTop", Bottom: "paddingBottom", Start: "paddingInlineStart", End: "paddingInlineEnd" };
  for (const [side, property] of Object.entries(paddings)) {
    if (spec[`padding${side}`]) element.style[property] = space(spec[`padding${side}`]);
  }
  return element;
}

function gradient(background) {
  if (!background) return "";
  const { angle, startColor, endColor, centerColor, centerPosition } = background;
  const center = centerColor ? `, ${centerColor} ${centerPosition || "50%"}` : "";
  return `linear-gradient(${angle}, ${startColor}${center}, ${endColor})`;
}

function letters(spec) {
  return {
    fontSize: spec.size ? measure(FONTS, spec.size) : "",
    color: spec.color || "",
    fontWeight: spec.weight === "bold" ? "700" : spec.weight ? "400" : "",
    fontStyle: spec.style === "italic" ? "italic" : "",
    textDecoration: spec.decoration || "",
  };
}

function text(user, spec) {
  const attributes = spec.action ? tappable(user, spec.action) : {};
  const style = { ...letters(spec), textAlign: spec.align || "" };
  if (spec.lineSpacing) style.lineHeight = `calc(1.4em + ${spec.lineSpacing})`;
  if (spec.maxLines) style.webkitLineClamp = String(spec.maxLines);
  const spans = (spec.contents || []).map((span) => el("span", { style: letters(span) }, span.text));
  const kind = `fx-text ${spec.wrap ? "fx-wrap" : ""} ${spec.wrap && spec.maxLines ? "fx-clamp" : ""}`;
  return el("div", { ...attributes, class: kind, style }, ...(spans.length ? spans : [spec.text]));
}

function pressable(user, spec) {
  const look = spec.style || "link";
  const style = {};
  if (spec.color) style[look === "link" ? "color" : "backgroundColor"] = spec.color;
  return el(
    "button",
    {
      type: "button",
      class: `fx-button fx-button-${look} fx-button-${spec.height || "md"}`,
      "data-action-type": spec.action.type,
      style,
      click: (event) => {
        event.stopPropagation();
        tap(user, spec.action);
      },
    },
    spec.action.label,
  );
}

function image(user, spec) {
  const attributes = spec.action ? tappable(user, spec.action) : {};
  const width = spec.size === "full" ? "100%" : measure(IMAGES, spec.size || "md");
  const frame = el(
    "div",
    {
      class: "fx-image-frame",
      style: {
        width,
        aspectRatio: (spec.aspectRatio || "1:1").replace(":", " / "),
        backgroundColor: spec.backgroundColor || "",
      },
    },
    picture(spec.url, spec.aspectMode === "cover" ? "cover" : "contain"),
  );
  return el("div", { ...attributes, class: "fx-image", style: { justifyContent: SIDES[spec.align || "center"] } }, frame);
}

function icon(_user, spec) {
  const [width, height] = (spec.aspectRatio || "1:1").split(":").map(Number);
  const size = spec.size ? measure(FONTS, spec.size) : "16px";
  const style = { height: size, width: `calc(${size} * ${width / height})` };
  return el("span", { class: "fx-icon", style }, picture(spec.url, "contain"));
}

/** An image that leaves a grey field when it cannot be loaded. */
export function picture(url, fit) {
  const missing = (event) => event.target.replaceWith(el("span", { class: "no-image", role: "img", "aria-label": "画像" }));
  return el("img", { src: url, alt: "", style: { objectFit: fit }, error: missing });
}

function separator(_user, spec, parent) {
  const kind = parent.layout === "vertical" ? "fx-line" : "fx-line fx-line-upright";
  return el("div", { class: kind, role: "separator", style: { backgroundColor: spec.color || "" } });
}

const filler = () => el("div", { class: "fx-filler" });

function video(user, spec, parent) {
  return component(user, spec.altContent, parent, true);
}
