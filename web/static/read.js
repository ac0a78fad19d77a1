// Reads a page aloud with the browser's own voice. Without one the button stays hidden.
const voices = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en-US"};
const speech = window.speechSynthesis;

// words are what stands in the content, sentence by sentence, in the order of the page.
function words() {
	const main = document.getElementById("main");
	const out = [];
	for (const e of main.querySelectorAll("h1, h2, h3, p, li, dt, dd, button, a.button, summary")) {
		if (e.closest("[hidden], [data-silent], details:not([open]) > :not(summary)") || e.querySelector("p, li, h2, h3, button, a.button")) continue;
		const s = e.innerText.replace(/\s+/g, " ").trim();
		if (s) out.push(s);
	}
	return out;
}

export function say(text, lang = document.documentElement.lang) {
	const u = new SpeechSynthesisUtterance(text);
	u.lang = voices[lang] || lang;
	u.rate = 0.9;
	speech.speak(u);
	return u;
}

const button = document.querySelector("[data-read]");
if (button && speech) {
	const label = button.querySelector("span");
	const rest = () => { label.textContent = button.dataset.read; button.removeAttribute("aria-pressed"); };
	button.hidden = false;
	button.addEventListener("click", () => {
		if (speech.speaking) {
			speech.cancel();
			rest();
			return;
		}
		label.textContent = button.dataset.stop;
		button.setAttribute("aria-pressed", "true");
		const all = words();
		all.forEach((s, i) => { const u = say(s); if (i === all.length - 1) u.onend = rest; });
	});
	addEventListener("pagehide", () => speech.cancel());
}
