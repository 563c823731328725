// Checks one module after the other: `node serve.js lean.js`, told by session.py on standard input, a JSON line each:
// first a word that nobody else knows, then the arguments of Lean for every module. When a module is done, a line of
// that word and { code, cpu, rss } in JSON follows what Lean printed: cpu seconds and the largest memory in bytes of
// this process so far. Every module has a thread, a WebAssembly instance and a memory of its own; V8's code is shared.
"use strict";
const fs = require("fs");
const { createInterface } = require("readline");
const { Worker } = require("worker_threads");

const leanJs = process.argv[2];
const leanboundModule = new WebAssembly.Module(fs.readFileSync(leanJs.replace(/js$/, "wasm")));

function check(argv) {
  const thread = new Worker(leanJs, { argv, workerData: { leanboundModule } });
  thread.on("error", (error) => fs.writeSync(2, `${error?.stack ?? error}\n`));
  return new Promise((resolve) => thread.on("exit", resolve));
}

(async () => {
  let word;
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    if (word === undefined) {
      word = message;
      continue;
    }
    const code = await check(message);
    const { user, system } = process.cpuUsage();
    const rss = process.resourceUsage().maxRSS * 1024;
    fs.writeSync(1, `\n${word} ${JSON.stringify({ code, cpu: (user + system) / 1e6, rss })}\n`);
  }
})();
