// Speaks calls: with a voice of the machine when it has one for the language, it
// also says for what; else from a recording that came with the page, the number
// and the booth. Neither needs a network.
import { clips } from "./voice_clips.js";

let ctx, sound, loading, late = 0;

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
	voiceOf(""); // some look for their voices when they are asked first
	const Context = window.AudioContext || window.webkitAudioContext;
	if (Context) {
		ctx ||= new Context();
		loading ||= fetch(address).then(r => r.arrayBuffer()).then(b => ctx.decodeAudioData(b)).then(b => { sound = b; late = begins(b) - clips[0][0]; }).catch(() => { loading = null; });
		// A browser that wants a finger first never answers.
		await Promise.race([Promise.all([ctx.resume(), loading]), new Promise(r => setTimeout(r, 2000))]);
		if (ctx.state === "running") return true;
		if (ctx.state === "suspended") return false;
	}
	return !!window.speechSynthesis;
}

// begins is when the first sound of a recording is heard: decoders put more or
// less silence before it.
export function begins(recording) {
	const sound = recording.getChannelData(0);
	return sound.findIndex(v => Math.abs(v) > 0.02) / recording.sampleRate;
}

// speak says a call twice and is over when it has been said.
export async function speak(call, text, lang) {
	const list = sound && lang.startsWith("zh") ? words(call) : null;
	for (let i = 0; i < 2; i++) {
		const said = (!list || voiceOf(lang)) && await aloud(text, lang);
		if (!said && list) await play(list);
	}
}

function play(list) {
	let at = ctx.currentTime + 0.05, last;
	for (const w of list) {
		const [from, length] = clips[w];
		last = ctx.createBufferSource();
		last.buffer = sound;
		last.connect(ctx.destination);
		last.start(at, from + late, length + 0.02);
		at += length + (w === "hao" || w === "please" || w === "again" ? 0.12 : 0.02);
	}
	const wait = (at - ctx.currentTime + 0.6) * 1000; // a breath after it
	return new Promise(r => setTimeout(r, wait));
}

const voices = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en-US" };

// voiceOf is a voice of this very machine for a language; others need a network.
function voiceOf(lang) {
	const all = (window.speechSynthesis?.getVoices() || []).filter(v => v.localService), want = voices[lang] || lang;
	const tag = v => v.lang.replace("_", "-").toLowerCase();
	return all.find(v => tag(v) === want.toLowerCase()) || all.find(v => tag(v).split("-")[0] === want.slice(0, 2) && tag(v) !== "zh-hk");
}

// aloud lets the machine's voice say a text, and answers whether it did.
function aloud(text, lang) {
	if (!window.speechSynthesis) return false;
	return new Promise(done => {
		const u = new SpeechSynthesisUtterance(text);
		u.lang = voices[lang] || lang;
		u.voice = voiceOf(lang) || null;
		u.rate = 0.85;
		let begun = false;
		u.onstart = () => { begun = true; };
		u.onend = () => done(true);
		u.onerror = () => done(false);
		setTimeout(() => { if (!begun) done(speechSynthesis.cancel()); }, 3000); // one that says nothing
		setTimeout(done, 12000, true); // some never say that they have ended
		speechSynthesis.speak(u);
	});
}
