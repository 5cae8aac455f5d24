// One function for each scenery: from a frame to the nodes that show it. Text goes in as text only.

import { Pen } from "/signature.js";

const PLAIN = {
  idle: ["欢迎", "Welcome", "请等候叫号", "Please wait for your number to be called"],
  paused: ["暂停服务", "Closed for now", "请到其他窗口", "Please go to another window"],
  offline: ["网络中断", "No connection", "请稍候", "Please wait"],
  fault: ["设备故障", "Out of order", "请联系工作人员", "Please ask the staff"],
  card: ["请取回您的社会保障卡", "Please take your card", "卡片仍在读卡器中", "It is still in the reader"],
  thanks: ["谢谢", "Thank you", "请带好您的证件和物品", "Please take your documents and belongings"],
  silent: ["请稍候", "Please wait", "", ""],
};
const LEVELS = [
  [5, "非常满意", "Very good"], [4, "满意", "Good"], [3, "基本满意", "Fair"],
  [2, "不满意", "Poor"], [1, "非常不满意", "Very poor"],
];
const MOUTHS = { 5: "M26 58 Q50 88 74 58", 4: "M30 62 Q50 78 70 62", 3: "M30 66 H70", 2: "M30 72 Q50 56 70 72", 1: "M26 76 Q50 48 74 76" };

export function el(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export function label(zh, en) {
  return [zh, el("small", { lang: "en" }, en)];
}

function button(kind, zh, en, onclick) {
  return el("button", { type: "button", className: kind, onclick }, ...label(zh, en));
}

function middle(...children) {
  return el("div", { className: "middle" }, ...children);
}

function text(kind, zh, en) {
  return el("p", { className: kind }, ...label(zh, en));
}

function promises(frame) {
  const told = frame.service?.promises ?? [];
  return told.length ? [el("ul", { className: "promises" }, ...told.map((each) => el("li", {}, each)))] : [];
}

export function service(frame) {
  const made = [];
  const place = frame.window ? label(`${frame.window}号窗口`, `Window ${frame.window}`) : [];
  made.push(el("div", { className: "place" }, ...place));
  if (frame.service) {
    const { teller, post } = frame.service;
    made.push(el("div", {}, el("b", {}, teller), ` ${post ?? ""}`,
      el("small", { lang: "en" }, "is serving you")));
  }
  if (frame.ticket) made.push(el("b", { className: "ticket" }, frame.ticket));
  return made;
}

function plain(frame) {
  const [zh, en, lineZh, lineEn] = PLAIN[frame.scenery] ?? PLAIN.silent;
  return middle(
    el("h1", { className: "huge" }, ...label(zh, en)), text("large", lineZh, lineEn),
    ...(frame.scenery === "idle" ? promises(frame) : []));
}

function called(frame) {
  const zh = frame.window ? `请到${frame.window}号窗口办理` : "请到本窗口办理";
  const en = frame.window ? `Please come to window ${frame.window}` : "Please come to this window";
  return middle(el("h1", { className: "huge" }, frame.ticket), text("large", zh, en), ...promises(frame));
}

function serving(frame) {
  return middle(el("h1", { className: "huge" }, frame.ticket),
    text("large", "正在为您办理", "Your matter is being dealt with"), ...promises(frame));
}

function loading() {
  return middle(text("large", "正在载入,请稍候", "Loading, please wait"));
}

function head(sheet, zh, en) {
  return el("h1", {}, `${zh}:${sheet.title} `, el("small", {}, sheet.number), el("small", { lang: "en" }, en));
}

// Reading: confirm once all was to be seen. Disputing: rows can be marked, values stay here.
function sheet(frame, acts) {
  const told = frame.sheet;
  if (!told) return loading();
  const made = el("div", { className: "sheet" });
  const paragraphs = (told.paragraphs ?? []).map((each) => el("p", {}, each));
  const end = el("div", { className: "end" });

  function read() {
    const rows = (told.rows ?? []).map((row) =>
      el("div", { className: "row" }, el("b", {}, row.label), el("span", {}, row.value)));
    const yes = button("yes", "确认无误", "All is right", () => acts.confirm(told.hash));
    yes.disabled = true;
    const more = button("", "往下看 ↓", "More below", () => list.scrollBy({ top: 0.8 * list.clientHeight }));
    const list = el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "申请内容 Application" },
      ...rows, ...paragraphs, end);
    new IntersectionObserver((seen, watch) => {
      if (!seen.some((each) => each.isIntersecting)) return;
      yes.disabled = false;
      more.hidden = true;
      watch.disconnect();
    }, { root: list, rootMargin: "4px" }).observe(end);
    made.replaceChildren(head(told, "请核对", "Please check all of it"), list,
      el("div", { className: "acts" }, button("no", "有误", "Something is wrong", dispute), more, yes));
  }

  function dispute() {
    const wrong = new Set();
    const rows = (told.rows ?? []).map((row) => {
      const mark = el("button", { type: "button", className: "row", ariaPressed: "false", onclick: () => {
        if (!wrong.delete(row.label)) wrong.add(row.label);
        mark.ariaPressed = String(wrong.has(row.label));
      } }, el("b", {}, row.label), el("span", {}, row.value));
      return mark;
    });
    made.replaceChildren(head(told, "请点选有误的内容", "Touch what is wrong"),
      el("div", { className: "scroll" }, ...rows, ...paragraphs),
      el("div", { className: "acts" }, button("", "返回", "Back", () => { read(); made.querySelector(".scroll").focus(); }),
        button("no", "告知工作人员", "Tell the staff", () => acts.dispute(told.hash, [...wrong]))));
    rows[0]?.focus();
  }

  read();
  return made;
}

function sign(frame, acts) {
  const told = frame.sheet;
  if (!told) return loading();
  const canvas = el("canvas", { ariaLabel: "签名区 Signature field", role: "img" });
  const done = button("yes", "完成签名", "Done", () => acts.sign(told.hash, pen.drawing()));
  const again = button("", "重签", "Clear", () => pen.clear());
  const pen = new Pen(canvas, () => { done.disabled = again.disabled = pen.empty; });
  done.disabled = again.disabled = true;
  requestAnimationFrame(() => pen.fit());
  return el("div", { className: "sheet" }, head(told, "请在框内签名", "Please sign in the box"), canvas,
    el("div", { className: "acts" }, button("no", "有误", "Something is wrong", () => acts.dispute(told.hash, [])),
      again, done));
}

function face(level) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  const part = (name, attributes) => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    svg.append(made);
  };
  part("circle", { cx: 50, cy: 50, r: 44 });
  part("circle", { cx: 35, cy: 40, r: 5, class: "eye" });
  part("circle", { cx: 65, cy: 40, r: 5, class: "eye" });
  part("path", { d: MOUTHS[level] });
  return svg;
}

function rating(frame, acts) {
  const levels = LEVELS.map(([level, zh, en]) => el("button", {
    type: "button", ariaPressed: String(frame.level === level), onclick: () => acts.rate(frame.request, level),
  }, face(level), ...label(zh, en)));
  const asked = frame.level ? ["谢谢您的评价", "Thank you. You may still choose another"] : ["请评价本次服务", "How was the service?"];
  return middle(el("h1", {}, ...label(...asked)), el("div", { className: "levels" }, ...levels));
}

const SCENES = { called, serving, sheet, sign, rating, rated: rating };

export function scene(frame, acts) {
  return (SCENES[frame.scenery] ?? plain)(frame, acts);
}
