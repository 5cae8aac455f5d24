// Typed dialogue with somebody who does not hear: two sides of one screen, the upper one turned to
// the teller. What is typed stands in these nodes and nowhere else; `end` takes them away.

import { el, label } from "/scenes.js";

const PHRASES = {
  citizen: [["我听不见,请打字", "I cannot hear, please type"], ["请说慢一点", "Slowly, please"],
    ["请写下来", "Please write it down"], ["我不明白", "I do not understand"], ["好的", "OK"], ["谢谢", "Thank you"]],
  teller: [["请出示身份证", "Your ID card, please"], ["请核对屏幕", "Please check the screen"],
    ["请签名", "Please sign"], ["请稍候", "One moment"], ["已办好", "It is done"], ["谢谢", "Thank you"]],
};

function side(name, zh, en) {
  const heard = el("p", { className: "heard", ariaLive: "polite" });
  const typed = el("textarea", { autocomplete: "off", spellcheck: false, maxLength: 500,
    ariaLabel: `${zh} ${en}`, placeholder: `${zh} ${en}` });
  const phrases = PHRASES[name].map(([phrase, english]) => el("button", { type: "button", onclick: () => {
    typed.value = phrase;
    typed.dispatchEvent(new Event("input"));
  } }, ...label(phrase, english)));
  const box = el("div", { className: name === "teller" ? "side turned" : "side" },
    heard, typed, el("div", { className: "phrases" }, ...phrases));
  return { box, heard, typed };
}

export class Dialogue {
  constructor(place) {
    this.place = place;
  }

  begin() {
    if (!this.place.hidden) return;
    const teller = side("teller", "工作人员请在此输入", "Staff types here");
    const citizen = side("citizen", "请在此输入", "Type here");
    for (const [one, other] of [[teller, citizen], [citizen, teller]]) {
      one.typed.addEventListener("input", () => { other.heard.textContent = one.typed.value; });
    }
    const clear = () => [teller, citizen].forEach((one) => { one.typed.value = one.heard.textContent = ""; });
    const between = el("div", { className: "between" },
      el("button", { type: "button", onclick: clear }, ...label("清空", "Clear")),
      el("button", { type: "button", onclick: () => this.end() }, ...label("结束交谈", "Close")));
    this.place.replaceChildren(teller.box, between, citizen.box);
    this.place.hidden = false;
    citizen.typed.focus();
  }

  end() {
    this.place.querySelectorAll("textarea").forEach((typed) => { typed.value = ""; });
    this.place.replaceChildren();
    this.place.hidden = true;
  }
}
