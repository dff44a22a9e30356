// The distribution of response times over a logarithmic axis. A range of it, dragged or set by the two sliders, filters
// the traces.

const HISTOGRAM = { bars: 60, height: 160, left: 40, bottom: 26, line: 13, label: 34 };

// Bounds of the bars in microseconds; the last is above the slowest.
const histogramBounds = (() => {
	const times = rows.us.filter((us) => us >= 0);
	const low = Math.max(
		1,
		times.reduce((a, b) => Math.min(a, b), Infinity),
	);
	const high = Math.max(low * 2, times.reduce((a, b) => Math.max(a, b), 0) + 1);
	const start = times.length ? low : 1;
	const end = times.length ? high : 1000;
	return Array.from({ length: HISTOGRAM.bars + 1 }, (_, i) =>
		i === 0 ? 0 : i === HISTOGRAM.bars ? end : Math.round(start * (end / start) ** (i / HISTOGRAM.bars)),
	);
})();

// The bars that are chosen, both included.
const brush = { from: 0, to: HISTOGRAM.bars - 1 };

function brushIsAll() {
	return brush.from === 0 && brush.to === HISTOGRAM.bars - 1;
}

// Traces without end have no response time and are in no range but all.
function brushHas(us) {
	return brushIsAll() || (us >= histogramBounds[brush.from] && us < histogramBounds[brush.to + 1]);
}

function barOf(us) {
	let low = 0;
	let high = HISTOGRAM.bars - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (us >= histogramBounds[middle]) low = middle;
		else high = middle - 1;
	}
	return low;
}

function histogramWidth() {
	return Math.max(280, byId("histogram").clientWidth);
}

function barX(bar) {
	return HISTOGRAM.left + (bar * (histogramWidth() - HISTOGRAM.left - 8)) / HISTOGRAM.bars;
}

// Where the percentiles are marked; those too near to stand beside each other have lines of their own.
function histogramMarks(sorted) {
	const ends = [];
	return (sorted.length ? [50, 90, 95, 99] : []).map((percent) => {
		const x = barX(barOf(percentile(sorted, percent)) + 0.5);
		const free = ends.findIndex((end) => end < x - HISTOGRAM.label / 2);
		const line = free < 0 ? ends.length : free;
		ends[line] = x + HISTOGRAM.label / 2;
		return { percent, x, line };
	});
}

// The lines first: a text stands on those of the texts above it.
function drawMarks(marks, top, base) {
	const height = (line) => top - 5 - HISTOGRAM.line * line;
	const lines = marks.map(({ x, line }) =>
		svg("line", { class: "percentile", x1: x, x2: x, y1: height(line) + 3, y2: base }),
	);
	const texts = marks.map(({ percent, x, line }) => {
		const place = { x: Math.min(x, histogramWidth() - 12), y: height(line), "text-anchor": "middle" };
		return svg("text", { class: "soft", ...place }, `p${percent}`);
	});
	return [lines, texts];
}

function histogramAxis(base) {
	const marks = [];
	for (let bar = 0; bar <= HISTOGRAM.bars; bar += histogramWidth() < 500 ? 20 : 12)
		marks.push(
			svg(
				"text",
				{
					class: "soft",
					x: barX(bar),
					y: base + 16,
					"text-anchor": bar === 0 ? "start" : bar === HISTOGRAM.bars ? "end" : "middle",
				},
				formatUs(bar ? histogramBounds[bar] : Math.round(histogramBounds[1])),
			),
		);
	return [
		svg("line", { class: "axis", x1: HISTOGRAM.left, x2: histogramWidth(), y1: base, y2: base }),
		...marks,
	];
}

// Who hears the page is told the time that a slider stands for, not its number.
function setSlider(id, bar, us) {
	byId(id).value = bar;
	byId(id).setAttribute("aria-valuetext", formatUs(us));
}

// chosen: rows that pass every filter but the brush.
function drawHistogram(chosen) {
	const counts = new Array(HISTOGRAM.bars).fill(0);
	const sorted = [];
	for (const row of chosen) {
		if (rows.us[row] < 0) continue;
		sorted.push(rows.us[row]);
		counts[barOf(rows.us[row])]++;
	}
	sorted.sort((a, b) => a - b);
	const highest = Math.max(1, ...counts);
	const marks = histogramMarks(sorted);
	const top = 8 + HISTOGRAM.line * Math.max(1, ...marks.map(({ line }) => line + 1));
	const base = top + HISTOGRAM.height;
	const bars = counts.map((count, bar) => {
		const height = count ? Math.max(2, (HISTOGRAM.height * count) / highest) : 0;
		const inside = bar >= brush.from && bar <= brush.to;
		return svg("rect", {
			class: `hist-bar${inside ? "" : " out"}`,
			x: barX(bar) + 0.5,
			width: barX(1) - barX(0) - 1,
			y: base - height,
			height,
		});
	});
	const range = brushIsAll()
		? null
		: svg("rect", {
				class: "brush",
				x: barX(brush.from),
				width: barX(brush.to + 1) - barX(brush.from),
				y: 0,
				height: base,
			});
	const words = [50, 90, 95, 99, 100]
		.map((p) => `${p === 100 ? "max" : `p${p}`} ${formatUs(percentile(sorted, p))}`)
		.join(" · ");
	byId("percentiles").textContent = sorted.length
		? `${counted(sorted.length, "trace")}: ${words}`
		: "No trace.";
	byId("histogram").replaceChildren(
		svg(
			"svg",
			{
				viewBox: `0 0 ${histogramWidth()} ${base + HISTOGRAM.bottom}`,
				role: "img",
				"aria-label": `Response times, ${words}`,
			},
			svg("text", { class: "soft", x: 0, y: top + 8 }, formatCount(highest)),
			histogramAxis(base),
			bars,
			...drawMarks(marks, top, base),
			range,
		),
	);
	setSlider("brush-from", brush.from, histogramBounds[brush.from]);
	setSlider("brush-to", brush.to, histogramBounds[brush.to + 1]);
	byId("brush-text").textContent = brushIsAll()
		? "all response times"
		: `${formatUs(histogramBounds[brush.from])} to ${formatUs(histogramBounds[brush.to + 1])}`;
}

function setBrush(from, to, changed) {
	brush.from = Math.min(from, to);
	brush.to = Math.max(from, to);
	changed();
}

function barAt(event) {
	const box = byId("histogram").getBoundingClientRect();
	const x = ((event.clientX - box.left) / box.width) * histogramWidth();
	const bar = Math.floor(((x - HISTOGRAM.left) * HISTOGRAM.bars) / (histogramWidth() - HISTOGRAM.left - 8));
	return Math.min(HISTOGRAM.bars - 1, Math.max(0, bar));
}

function startHistogram(changed) {
	const area = byId("histogram");
	let start = null;
	area.addEventListener("pointerdown", (event) => {
		start = barAt(event);
		area.setPointerCapture(event.pointerId);
	});
	area.addEventListener("pointermove", (event) => start !== null && setBrush(start, barAt(event), changed));
	area.addEventListener("pointerup", () => (start = null));
	area.addEventListener("pointercancel", () => (start = null));
	for (const id of ["brush-from", "brush-to"]) {
		byId(id).max = HISTOGRAM.bars - 1;
		byId(id).addEventListener("input", () =>
			setBrush(Number(byId("brush-from").value), Number(byId("brush-to").value), changed),
		);
	}
	window.addEventListener("resize", changed);
	byId("brush-reset").addEventListener("click", () => setBrush(0, HISTOGRAM.bars - 1, changed));
}
