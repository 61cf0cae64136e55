// Holds Sluice's JSONata against jsonata-js: the same value, or the same error, for expressions from a seed.
//
//     node differential.js JSONATA_PACKAGE EVALUATOR [--seed N] [--count N] [--show N] [--allow N]
//
// Ends with 1 when more than `allow` answers differ without a reason in exceptions.js.
'use strict';

const {spawnSync} = require('node:child_process');
const path = require('node:path');
const {FUNCTIONS, Generator, INPUT} = require('./generator.js');
const {explained} = require('./exceptions.js');

/** The most nodes that jsonata-js may evaluate of one expression. */
const MAX_ENTRIES = 100000;

function options(words) {
    const [package_, evaluator, ...rest] = words;
    const found = {package_: path.resolve(package_), evaluator: path.resolve(evaluator), seed: 1, count: 20000, show: 25, allow: 0};
    for (let i = 0; i < rest.length; i += 2) found[rest[i].slice(2)] = Number(rest[i + 1]);
    return found;
}

/** Tells whether a value holds a function, which is no JSON. */
function holdsFunction(value) {
    if (typeof value === 'function') return true;
    if (value === null || typeof value !== 'object') return false;
    if (value._jsonata_lambda || value._jsonata_function) return true;
    return Object.values(value).some(holdsFunction);
}

/** What jsonata-js answers, in the words of the evaluator. */
async function reference(jsonata, named, text) {
    let expression;
    try {
        expression = jsonata(text);
    } catch (error) {
        return error.code ? {syntax: error.message} : {crash: String(error)};
    }
    try {
        // as Step Functions does it
        const unknown = () => {
            throw Object.assign(new Error(), {code: 'T1006'});
        };
        expression.assign('eval', unknown);
        for (const forget of named) delete forget.token;
        let entries = 0;
        expression.assign('__evaluate_entry', () => {
            entries += 1;
            if (entries > MAX_ENTRIES) throw new Error('it takes too long');
        });
        const value = await expression.evaluate(undefined, {states: {input: structuredClone(INPUT)}});
        if (value === undefined) return {error: 'returned nothing (undefined).'};
        if (holdsFunction(value)) return {error: 'returned an unsupported result type.'};
        return {value: JSON.parse(JSON.stringify(value, (_, item) => (typeof item === 'number' && !Number.isFinite(item) ? String(item) : item)))};
    } catch (error) {
        return error.code ? {error: `${error.code}: ${error.message}`} : {crash: String(error)};
    }
}

function canonical(answer) {
    return JSON.stringify(answer, (_, value) =>
        value !== null && typeof value === 'object' && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
            : value);
}

function cut(answer) {
    const text = JSON.stringify(answer);
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

async function main() {
    const given = options(process.argv.slice(2));
    const jsonata = require(given.package_);
    // jsonata-js keeps the name of a function's latest call in the function, across expressions: forgotten before each
    const named = [];
    for (const name of [...Object.keys(FUNCTIONS), 'shuffle', 'random', 'clone', 'now', 'millis']) named.push(await jsonata('$' + name).evaluate());
    const generator = new Generator(given.seed);
    const texts = new Set();
    while (texts.size < given.count) texts.add(generator.expression());
    const lines = [...texts].map((expression) => JSON.stringify({expression, input: INPUT}));
    const run = spawnSync(given.evaluator, {input: lines.join('\n') + '\n', maxBuffer: 1 << 30, encoding: 'utf8'});
    if (run.status !== 0) throw new Error(`the evaluator ended with ${run.status}: ${run.stderr}`);
    const answers = run.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    const tally = {expressions: texts.size, same: 0, values: 0, errors: 0};
    const different = [];
    let i = 0;
    for (const text of texts) {
        const ours = answers[i++];
        const theirs = await reference(jsonata, named, text);
        const same = canonical(ours) === canonical(theirs);
        if (same) tally.same += 1;
        if (same) tally['value' in ours ? 'values' : 'errors'] += 1;
        if (same) continue;
        const reason = explained(text, ours, theirs);
        if (reason) tally[reason] = (tally[reason] ?? 0) + 1;
        else different.push({text, ours, theirs});
    }
    for (const {text, ours, theirs} of different.slice(0, given.show)) {
        console.log(`${text}\n    here:       ${cut(ours)}\n    jsonata-js: ${cut(theirs)}`);
    }
    console.log(JSON.stringify(tally), `unexplained: ${different.length}`);
    process.exitCode = different.length > given.allow ? 1 : 0;
}

main();
