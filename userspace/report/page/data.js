// The data of this page, out of its two JSON elements. Documents are large and parsed when first asked for.

const { aggregates, rows } = JSON.parse(document.getElementById("data").textContent);
const rowCount = rows.trace.length;
const rowOfTrace = new Map(rows.trace.map((id, row) => [id, row]));

const OUTCOMES = ["ok", "error", "throttle", "fault"];
const ROW_HEALTH = 4;
const ROW_PENDING = 8;

const documentsByRow = (() => {
	let parsed = null;
	return () => (parsed ??= JSON.parse(document.getElementById("documents").textContent));
})();

function rowOutcome(row) {
	return OUTCOMES[rows.flags[row] & 3];
}

function rowIsPending(row) {
	return Boolean(rows.flags[row] & ROW_PENDING);
}

// What a row has of a key that rows are grouped by: a text, or a status.
function rowKey(row, key) {
	return key === "status" ? String(rows.status[row] || "") : rows.strings[rows[key][row]];
}

// By nearest rank, so a time that was measured. The times are in order.
function percentile(times, percent) {
	return times.length ? times[Math.max(1, Math.ceil((times.length * percent) / 100)) - 1] : 0;
}
