// SPDX-License-Identifier: Apache-2.0
// driver.js PROGRAM NODE_MODULES - one page in Debian's Chromium, driven by playwright-core. A line
// of JSON on stdin is a call ({"call": name, ...}), a line on stdout its answer ({"value"} or
// {"error"}), with what the page asked of the network and complained of since the last one.
"use strict";

const path = require("path");
const readline = require("readline");

const [program, modules] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];

const requests = [], complaints = [];

function watch(page) {
	page.on("request", (request) => requests.push(request.url()));
	page.on("pageerror", (error) => complaints.push(String(error)));
	page.on("console", (message) => complaints.push(message.text()));
	page.on("dialog", (dialog) => {
		complaints.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
}

// The page's policy forbids eval(), which playwright's own evaluate() makes use of.
async function evaluate(session, expression) {
	const wanted = { expression, returnByValue: true, awaitPromise: true };
	const { result, exceptionDetails } = await session.send("Runtime.evaluate", wanted);
	if (exceptionDetails)
		throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
	return result.value;
}

async function resize(page, { width, height, scheme }) {
	await page.setViewportSize({ width, height });
	await page.emulateMedia({ colorScheme: scheme });
}

// From one place of the element to another, in shares of its width, half way down.
async function drag(page, { selector, from, to }) {
	const element = page.locator(selector);
	await element.scrollIntoViewIfNeeded();
	const box = await element.boundingBox();
	await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 5 });
	await page.mouse.up();
}

function calls(page, session) {
	return {
		open: ({ url }) => page.goto(url).then(() => null),
		evaluate: ({ expression }) => evaluate(session, expression),
		click: ({ selector }) => page.locator(selector).first().click(),
		drag: (way) => drag(page, way),
		press: ({ key }) => page.keyboard.press(key),
		resize: (size) => resize(page, size),
		screenshot: ({ file, whole }) =>
			page.screenshot({ path: file, fullPage: whole }).then(() => null),
	};
}

async function answer(known, line) {
	const { call, ...parameters } = JSON.parse(line);
	try {
		return { value: await known[call](parameters) };
	} catch (error) {
		return { error: String(error) };
	}
}

async function main() {
	const browser = await chromium.launch({ executablePath: program, args: ARGUMENTS });
	const page = await browser.newPage();
	const session = await page.context().newCDPSession(page);
	watch(page);
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const told = await answer(calls(page, session), line);
		told.requests = requests.splice(0);
		told.complaints = complaints.splice(0);
		process.stdout.write(JSON.stringify(told) + "\n");
	}
	await browser.close();
}

main();
