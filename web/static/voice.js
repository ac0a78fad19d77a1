// Speaks calls from a recording that came with the page: no network, no voice
// of the machine needed. What the recording does not know, or where it cannot
// be played, the browser's own voice says.
import { clips } from "./voice_clips.js";

let ctx, sound, loading;

// spell is a number as one says it: 23 is 二 十 三, 105 is 一 百 零 五.
export function spell(n) {
	if (n < 1 || n > 999 || n % 1) return [...String(n)];
	const h = Math.floor(n / 100), t = Math.floor(n / 10) % 10, u = n % 10, out = [];
	if (h) out.push(String(h), "100");
	if (t > 1 || (t && h)) out.push(String(t));
	if (t) out.push("10");
	if (u && !t && h) out.push("0");
	if (u) out.push(String(u));
	return out;
}

// words are the clips of a call, null when one is missing.
export function words(call) {
	if (/[^\dA-Za-z\s-]/.test(call.booth)) return null;
	const booth = (call.booth.toUpperCase().match(/\d+|[A-Z]/g) || []).flatMap(part => part > 0 ? spell(+part) : [part]);
	const out = [call.again ? "again" : "please", ...spell(call.number), "hao", "to", ...booth, "booth"];
	return out.every(w => clips[w]) ? out : null;
}

// wake lets the page make noise: the first time in the hand of somebody who
// presses a button. It answers whether it may.
export async function wake(address) {
	const Context = window.AudioContext || window.webkitAudioContext;
	if (Context) {
		ctx ||= new Context();
		loading ||= fetch(address).then(r => r.arrayBuffer()).then(b => ctx.decodeAudioData(b)).then(b => { sound = b; }).catch(() => { loading = null; });
		// A browser that wants a finger first never answers.
		await Promise.race([Promise.all([ctx.resume(), loading]), new Promise(r => setTimeout(r, 2000))]);
		if (ctx.state === "running") return true;
		if (ctx.state === "suspended") return false;
	}
	return !!window.speechSynthesis;
}

// speak says a call twice and is over when it has been said.
export async function speak(call, text, lang) {
	const list = lang.startsWith("zh") ? words(call) : null;
	for (let i = 0; i < 2; i++) await (sound && list ? play(list) : aloud(text, lang));
}

function play(list) {
	let at = ctx.currentTime + 0.05, last;
	for (const w of list) {
		const [from, length] = clips[w];
		last = ctx.createBufferSource();
		last.buffer = sound;
		last.connect(ctx.destination);
		last.start(at, from, length + 0.02);
		at += length + (w === "hao" || w === "please" || w === "again" ? 0.12 : 0.02);
	}
	const wait = (at - ctx.currentTime + 0.6) * 1000; // a breath after it
	return new Promise(r => setTimeout(r, wait));
}

const voices = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en-US" };

function aloud(text, lang) {
	if (!window.speechSynthesis) return Promise.resolve();
	return new Promise(done => {
		const u = new SpeechSynthesisUtterance(text);
		u.lang = voices[lang] || lang;
		u.rate = 0.85;
		u.onend = u.onerror = done;
		setTimeout(done, 12000); // some never say that they have ended
		speechSynthesis.speak(u);
	});
}
