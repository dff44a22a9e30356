// Numbers and times for reading.

function formatMs(ms) {
	if (ms == null) return "–";
	if (ms === 0) return "0 ms";
	if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
	return `${ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

function formatUs(us) {
	return us < 0 ? "pending" : formatMs(us / 1000);
}

function formatCount(count) {
	return count.toLocaleString("en");
}

// "1 trace", "2 traces".
function counted(count, word) {
	return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

function formatShare(part, whole) {
	return whole ? `${((100 * part) / whole).toFixed(1)} %` : "–";
}

function formatRate(perMinute) {
	return `${perMinute < 10 ? perMinute.toFixed(1) : formatCount(Math.round(perMinute))}/min`;
}

function formatMoment(seconds) {
	return new Date(seconds * 1000).toISOString().replace("T", " ").replace("Z", " UTC");
}

function cut(text, length) {
	return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function badges(counts) {
	const bad = ["fault", "throttle", "error"].filter((word) => counts[word]);
	const list = bad.map((word) =>
		el("span", { class: `badge ${word}` }, `${formatCount(counts[word])} ${word}`),
	);
	if (counts.pending) list.push(el("span", { class: "badge" }, `${formatCount(counts.pending)} pending`));
	return el(
		"span",
		{},
		list.length ? list.flatMap((badge) => [badge, " "]) : el("span", { class: "ok" }, "ok"),
	);
}
