// Puts the views together: a change of any filter draws what depends on it.

function drawHead() {
	const { traces, window: seen, documents } = aggregates;
	const tile = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
	byId("window").textContent = `${formatMoment(seen.start)} to ${formatMoment(seen.end)}`;
	byId("summary").replaceChildren(
		tile("traces", formatCount(traces.count)),
		tile("rate", formatRate(traces.per_minute)),
		tile("median", formatMs(traces.p50_ms)),
		tile("p95", formatMs(traces.p95_ms)),
		tile("faults", formatShare(traces.fault, traces.count)),
		tile("errors", formatShare(traces.error + traces.throttle, traces.count)),
		tile("health checks", formatShare(traces.health_checks, traces.count)),
	);
	const notes = [counted(documents.read, "document")];
	if (documents.replaced)
		notes.push(`${formatCount(documents.replaced)} gave way to a later one with the same id`);
	if (documents.invalid) notes.push(`${counted(documents.invalid, "line")} of the input not a segment document`);
	if (documents.orphans) notes.push(`${counted(documents.orphans, "subsegment")} without a segment`);
	if (documents.pending) notes.push(`${counted(documents.pending, "segment")} without an end`);
	if (rowCount < traces.count)
		notes.push(
			`histogram, groups and list are of a sample of ${formatCount(rowCount)} of ${formatCount(traces.count)} traces, chosen by trace id; tiles, map and statements are of all`,
		);
	byId("notes").textContent =
		`${notes.join("; ")}. Raw documents are in this file for as many traces as fit, the slowest and some of each URL first. Health checks are told by their user agent.`;
}

function drawFiltered() {
	drawHistogram(chosenRows({ brushed: false }));
	drawGroups(changed);
	drawList();
}

// One drawing a frame, however fast the brush moves.
let drawingIsDue = false;
function changed() {
	if (drawingIsDue) return;
	drawingIsDue = true;
	requestAnimationFrame(() => {
		drawingIsDue = false;
		drawFiltered();
	});
}

drawHead();
drawMap();
startHistogram(changed);
startTraces(changed);
startTimeline();
drawFiltered();
drawStatements();
document.documentElement.dataset.ready = "true";
