"use strict";

const EVERY_MS = 1000;
const PREVIEW_MS = 500;
const ROLES = {
  card: "社保卡读卡器", identity: "身份证阅读器", code: "扫码枪", document: "高拍仪",
  rating: "评价器", display: "显示屏", lamp: "指示灯", voice: "语音", key: "按键", slip: "打印机",
};
const MODES = {
  idle: "空闲", called: "已叫号", serving: "办理中", rating: "评价中", paused: "暂停服务",
  offline: "离线", fault: "设备故障",
};
const PARTIES = [
  ["applicant", "申请人", "applicant"], ["agent", "代办人", "agent"],
  ["principal", "被代办人", "principal"], ["bystander", "旁人", "bystander"],
];

const id = (name) => document.getElementById(name);
let busy = false;
let shown = "";

function notice(text) {
  id("notice").textContent = text;
  id("notice").hidden = text === "";
}

async function wish(verb, body) {
  if (busy) return;
  busy = true;
  notice("");
  document.querySelectorAll("button").forEach((button) => { button.disabled = true; });
  try {
    const answer = await fetch(`/api/local/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (!answer.ok) notice(`${told.message_zh} ${told.message_en}`);
  } catch {
    notice("终端没有应答,请再试一次。 The terminal does not answer; try again.");
  }
  busy = false;
  shown = "";
  await look();
}

function button(zh, en, act, kind) {
  const made = document.createElement("button");
  made.type = "button";
  if (kind) made.className = kind;
  const small = document.createElement("small");
  small.textContent = en;
  made.append(zh, small);
  if (act) made.addEventListener("click", act); else made.disabled = true;
  return made;
}

function item(told) {
  const away = told.missing.map((role) => ROLES[role] || role);
  if (away.length) return button(`${told.name}`, `缺少 missing: ${away.join("、")}`, null);
  return button(told.name, told.code, () => wish("open", { item: told.code }));
}

function fact(text) {
  const line = document.createElement("p");
  line.textContent = text;
  return line;
}

function facts(local) {
  const lines = [];
  if (local.clock_wrong) lines.push("时钟不可信 the clock is wrong");
  if (local.disk_full) lines.push("磁盘已满 the disk is full");
  if (local.card_inside) lines.push("卡片仍在读卡器中 a card is inside the reader");
  if (local.mismatch) lines.push("证卡不一致,请选择人员 documents of different people: choose whose");
  if (local.visit) lines.push(`已拍 ${local.pages} 页 pages taken`);
  lines.push(`剩余号码 numbers left: ${local.numbers_left}`);
  return lines.map(fact);
}

function buttons(local) {
  if (!local.visit) return local.items.map(item);
  const made = [];
  if (local.mismatch) {
    made.push(...PARTIES.map(([party, zh, en]) => button(zh, en, () => wish("party", { party }))));
  }
  made.push(button("拍摄页面", "take the page", () => wish("page", {})));
  if (local.local) {
    made.push(button("请评价", "ask for a rating", local.rating ? null : () => wish("rating", {})));
  }
  made.push(button("办结", "finish", () => wish("close", { reason: "finished" }), "end"));
  made.push(button("群众离开", "the citizen left", () => wish("close", { reason: "left" }), "left"));
  return made;
}

function headline(local) {
  if (local.visit) return `${local.ticket || ""} 办理中 visit is open`;
  if (!local.offline) return "中心在线,请按中心叫号办理 the centre is there: call numbers as always";
  return local.items.length ? "请选择业务 choose an item" : "没有可离线办理的业务 no item may be taken in offline";
}

function show(told) {
  const text = JSON.stringify(told);
  if (busy || text === shown) return;
  shown = text;
  id("terminal").textContent = told.terminal;
  const local = told.local;
  if (local === null) {
    id("headline").textContent = "本终端不能离线办理 this terminal takes in nothing offline";
    id("buttons").replaceChildren();
    return;
  }
  id("mode").textContent = `${MODES[local.mode]} ${local.mode}`;
  id("headline").textContent = headline(local);
  id("facts").replaceChildren(...facts(local));
  id("buttons").replaceChildren(...buttons(local));
}

// The picture is asked for again only after the last one came, and only while there is a preview.
let previewing = false;

function preview() {
  const picture = id("preview");
  if (previewing) picture.src = `/api/preview?${Date.now()}`; else picture.removeAttribute("src");
  id("desk").hidden = !previewing;
}

id("preview").addEventListener("load", () => setTimeout(preview, PREVIEW_MS));
id("preview").addEventListener("error", () => { previewing = false; preview(); });

async function look() {
  try {
    const answer = await fetch("/api/status");
    if (answer.ok) {
      const told = await answer.json();
      show({ terminal: told.terminal, local: told.local });
      if (told.preview !== previewing) { previewing = told.preview; preview(); }
    }
  } catch {
    notice("终端没有应答。 The terminal does not answer.");
  }
}

setInterval(look, EVERY_MS);
look();
