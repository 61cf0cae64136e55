// Expressions of JSONata from a seed: every operator and function, with arguments that fit and arguments that do not.
'use strict';

/** Mulberry32: the same numbers from the same seed, everywhere. */
function randomOf(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

/** What the expressions read. */
const INPUT = {
    n: 5, neg: -3.5, zero: 0, big: 123456789.125, s: 'Hello World', e: '', u: 'Grüße 😀 x', t: true, f: false, nul: null, num: '42',
    arr: [1, 2, 3, 2], one: [7], none: [], strs: ['b', 'a', 'C', 'a'], mixed: [1, 'a', null, true, [2, [3]], {k: 1}], nested: [[1, 2], [3], []],
    obj: {a: 1, b: 'x', c: null, d: [1, 2]}, eo: {}, date: '2018-05-12T09:45:30.123Z',
    objs: [{id: 1, name: 'one', p: 3.5, tags: ['x', 'y'], o: {z: 1}}, {id: 2, name: 'two', p: 1, tags: ['y'], o: {z: 2}}, {id: 3, name: 'one', p: 2, tags: []}],
    deep: {x: {y: {z: [{w: 1}, {w: 2}]}}},
};

const LITERALS = {
    number: ['0', '1', '2', '3', '-1', '1.5', '-0.5', '10', '255', '1e3', '1000000', '0.1', '2.345', '1549312452', '99', '36', '123.456', '-7'],
    string: ['""', '"a"', '"abc"', '"Hello World"', '" a  b\\n c "', '"12"', '"-3.5"', '"0x1F"', '"1e2"', '"x,y,z"', '"é😀z"', '"true"', '"aGVsbG8="', '"a%20b"',
        '"http://x.y/?a=b c&d=é"', '"lll"', '"\\u0041"', '"2018-05-12"', '"abc.def"'],
    boolean: ['true', 'false'],
    array: ['[]', '[1]', '[1,2,3]', '["a","b"]', '[[1],[2,3]]', '[1,"a"]', '[{"a":1},{"a":2}]', '[1..5]', '[null]', '[3,1,2]', '["b","a","c"]', '[true,false]', '[[]]'],
    object: ['{}', '{"a":1}', '{"a":1,"b":[2]}', '{"x":{"y":null}}', '{"k":"v","l":2}'],
    other: ['null', '$states.input.missing', '$missing', '$nothing.a'],
};
const PATHS = {
    number: ['n', 'neg', 'zero', 'big', 'obj.a', 'arr[0]', 'arr[-1]', 'objs[0].p', 'objs[id=2].p', 'one', 'deep.x.y.z[1].w', 'one[0]'],
    string: ['s', 'e', 'u', 'num', 'obj.b', 'strs[0]', 'objs[1].name', 'date', 'objs[0].tags[1]'],
    boolean: ['t', 'f'],
    array: ['arr', 'one', 'none', 'strs', 'mixed', 'nested', 'objs', 'objs.name', 'objs.tags', 'objs.p', 'objs.o.z', 'nested[0]', 'deep.x.y.z.w', 'objs[p>1].id', 'obj.*', '**.z',
        'objs.tags[0]', 'objs.(tags[0])', 'arr[]', 'n[]', 'nested.$', 'objs.[id,name]', 'objs[[0..1]]', 'objs[tags]', 'obj.d', 'objs^(p)', 'objs^(>name,p).id', 'objs^(>p)[0]'],
    object: ['obj', 'eo', 'objs[0]', 'objs[1].o', 'deep', 'objs{name: id}', 'objs{name: $sum(p)}', 'objs{$string(id): name}', 'objs.{name: id}'],
    other: ['missing', 'nul', 'obj.c', 'missing.x', 'objs.missing', 'arr[9]', 's.x', 'n.x.y', 'mixed[2]'],
};
const REGEXES = ['/a/', '/[a-z]+/', '/l+/i', '/(l)(o)/', '/\\s/', '/o/g', '/^H/', '/d$/m', '/(a|b)c?/', '/\\d+/', '/x*y/'];
const PICTURES = ['"#,##0.00"', '"0"', '"#"', '"000"', '"#0.0#"', '"0%"', '"#0‰"', '"#,###,##0"', '"0.0e0"', '"00.000e00"', '"$#0"', '"(#);#0"', '"#.#.#"', '"0#"', '"x"', '"#,,#"', '"#,.0"', '"0%‰"', '"##0.##;(0)"',
    '"0,"', '"0.#0"', '"0a0"', '"0;0;0"', '"%%"', '"e0"', '"0e"', '"12,34,56"', '"1"', '"pre0suf"'];
const INTEGERS = ['"0"', '"000"', '"#,##0"', '"1"', '"a"', '"A"', '"i"', '"I"', '"w"', '"W"', '"Ww"', '"w;o"', '"1;o"', '"0;o"', '"#0"', '"①"', '"٠"', '"001"', '"#:##0"', '"x"', '""', '"##"'];
const TIMES = ['"[Y0001]-[M01]-[D01]"', '"[H01]:[m01]:[s01].[f001]"', '"[M01]/[D01]/[Y0001] [h#1]:[m01][P]"', '"[D1o] [MNn] [Y]"', '"[FNn], [D1] [MNn,3-3] [Y0001]"', '"[Y]-W[W01]-[F1]"', '"[dwo] day of [Y]"', '"[Y,2]"',
    '"[H]:[m]:[s] [Z]"', '"[z]"', '"[Z0101]"', '"[YI]"', '"[Yw]"', '"[Dwo] [Mn]"', '"[Q]"', '"[Y"', '"[MN] [[x]]"', '"[E]"', '"[C]"', '"[w]"', '"[xNn]"', '"[PN]"', '"[f,3]"', '"[DN]"', '"[Z01:01t]"', '""', '"[X0001]"'];
const ZONES = ['"+0100"', '"-0530"', '"0000"', '"+1"', '"+1400"'];
const STAMPS = ['"2018-05-12T09:45:30.123Z"', '"2018-05-12"', '"2018-05-12T09:45:30+01:00"', '"2018"', '"1970-01-01T00:00:00Z"', '"x"', '"2018-02-30"', '"2018-05"', '"12/05/2018 3:04PM"', '"2018-05-12T09:45"', '"May 2018"'];

// the kinds of a function's arguments; '?' may be left out
const FUNCTIONS = {
    string: ['any', 'boolean?'], length: ['string'], substring: ['string', 'number', 'number?'], substringBefore: ['string', 'string'], substringAfter: ['string', 'string'],
    uppercase: ['string'], lowercase: ['string'], trim: ['string'], pad: ['string', 'small', 'string?'], contains: ['string', 'pattern'], split: ['string', 'pattern', 'number?'],
    join: ['array', 'string?'], match: ['string', 'regex', 'number?'], replace: ['string', 'pattern', 'replacement', 'number?'], base64encode: ['string'], base64decode: ['string'],
    encodeUrlComponent: ['string'], encodeUrl: ['string'], decodeUrlComponent: ['string'], decodeUrl: ['string'],
    number: ['any'], abs: ['number'], floor: ['number'], ceil: ['number'], round: ['number', 'small?'], power: ['number', 'small'], sqrt: ['number'],
    formatNumber: ['number', 'picture', 'options?'], formatBase: ['number', 'number?'], formatInteger: ['number', 'integer'], parseInteger: ['string', 'integer'],
    sum: ['array'], max: ['array'], min: ['array'], average: ['array'], boolean: ['any'], not: ['any'], exists: ['any'],
    count: ['array'], append: ['any', 'any'], sort: ['array', 'comparator?'], reverse: ['array'], distinct: ['array'], zip: ['array', 'array?', 'array?'],
    keys: ['object'], lookup: ['object', 'key'], spread: ['object'], merge: ['array'], each: ['object', 'callback'], sift: ['object', 'callback?'], type: ['any'],
    map: ['array', 'callback'], filter: ['array', 'callback'], reduce: ['array', 'reducer', 'any?'], single: ['array', 'callback?'],
    fromMillis: ['number', 'time?', 'zone?'], toMillis: ['stamp', 'time?'], error: ['string?'], assert: ['boolean', 'string?'],
};

class Generator {
    constructor(seed) {
        this.random = randomOf(seed);
    }

    pick(list) {
        return list[Math.floor(this.random() * list.length)];
    }

    chance(p) {
        return this.random() < p;
    }

    path(kind) {
        return '$states.input.' + this.pick(PATHS[kind]);
    }

    /** An expression of a kind, most of the time. */
    of(kind, depth) {
        const other = {number: 1, string: 1, boolean: 1, array: 1, object: 1, other: 1};
        if (kind === 'any' || this.chance(0.07)) kind = this.pick(Object.keys(other));
        if (kind === 'small') return this.pick(['0', '1', '2', '-1', '3', '5', '-8', '1.7', '0.5']);
        if (kind === 'key') return this.pick(['"a"', '"b"', '"name"', '"zz"', '"d"']);
        if (kind === 'regex') return this.pick(REGEXES);
        if (kind === 'pattern') return this.chance(0.5) ? this.pick(REGEXES) : this.of('string', 0);
        if (kind === 'replacement') return this.pick(['"-"', '"[$1]"', '"$0$0"', '"$$"', '"$2x"', '""', 'function($m){$uppercase($m.match)}', 'function($m){1}', '"$12"']);
        if (kind === 'picture') return this.pick(PICTURES);
        if (kind === 'integer') return this.pick(INTEGERS);
        if (kind === 'time') return this.pick(TIMES);
        if (kind === 'zone') return this.pick(ZONES);
        if (kind === 'stamp') return this.pick(STAMPS);
        if (kind === 'options') return this.pick(['{"decimal-separator":","}', '{"zero-digit":"\\u0660"}', '{"grouping-separator":" "}', '{"minus-sign":"~"}', '{"percent":"pc"}', '{}', '{"pattern-separator":"|"}']);
        if (kind === 'callback') return this.callback(depth);
        if (kind === 'reducer') return this.pick(['function($a,$b){$a+$b}', 'function($a,$b){$a & $b}', 'function($a,$b,$i){$a+$i}', 'function($a){$a}', '$append', '$sum', 'function($a,$b,$i,$l){$count($l)}']);
        if (kind === 'comparator') return this.pick(['function($a,$b){$a>$b}', 'function($a,$b){$a.id<$b.id}', 'function($a,$b){true}', 'function($l,$r){$length($l)>$length($r)}']);
        if (depth > 0 && this.chance(0.65)) return this.compound(kind, depth - 1);
        return this.chance(0.55) ? this.path(kind) : this.pick(LITERALS[kind]);
    }

    /** The end of a range: near, for jsonata-js takes its time over a long one. */
    end() {
        return this.pick(['0', '1', '3', '-2', '5', '12', '1.5', '"a"', '$states.input.n', '$states.input.neg', '$states.input.missing', '$states.input.one', '$states.input.s', 'true', '$count($states.input.arr)']);
    }

    callback(depth) {
        const named = ['$string', '$uppercase', '$not', '$exists', '$count', '$sum', '$abs', '$type', '$length', '$boolean', '$number', '$substring(?, 1)', '$join', '$keys', '$round', '$trim', '$append', '$max'];
        if (this.chance(0.4)) return this.pick(named);
        const body = this.pick(['$v', '$v = 1', '$v & "!"', '$i', '$v + 1', '$count($a)', '$v > 1', '$v.name', '$k', '{"v": $v}', '[$v]', '$v.id > 1 ? $v', '$states.input.n + $v', '$string($v)', '$exists($v)', '$type($v)']);
        return this.pick([`function($v){${body}}`, `function($v, $i){${body}}`, `function($v, $i, $a){${body}}`, `λ($v, $k){${body}}`, `function($v)<n:n>{${body}}`, `function($v)<s-:x>{${body}}`]);
    }

    call(name, depth) {
        const kinds = FUNCTIONS[name];
        const args = [];
        for (const kind of kinds) {
            if (kind.endsWith('?') && this.chance(0.5)) break;
            args.push(this.of(kind.replace('?', ''), depth));
        }
        if (this.chance(0.03)) args.pop();
        if (this.chance(0.02)) args.push(this.of('any', 0));
        if (args.length && this.chance(0.06)) return `${args[0]} ~> $${name}(${args.slice(1).join(', ')})`;
        return `$${name}(${args.join(', ')})`;
    }

    compound(kind, depth) {
        const [n, s, a, o] = ['number', 'string', 'array', 'object'].map((k) => () => this.of(k, depth));
        const any = () => this.of('any', depth);
        const generic = [
            () => this.pick(['$type($sum)', '$string(function($x){$x})', '[$sum, 1]', '$exists($string)', '$map([1], function($x){$string})', '(function($x){$x})', '{"f": $sum}', '$count([$sum])', '$match("ab", /a/).match', '$type(function(){1})']),
            () => this.call(this.pick(Object.keys(FUNCTIONS)), depth), () => this.call(this.pick(Object.keys(FUNCTIONS)), depth), () => this.call(this.pick(Object.keys(FUNCTIONS)), depth),
            () => `(${any()} ? ${any()} : ${any()})`, () => `(${any()} ? ${any()})`, () => `($x := ${any()}; ${this.pick(['$x', '[$x, $x]', '$x.name', '$string($x)', '$x[0]', '$type($x)', '{"x": $x}', '$x = $x'])})`,
            () => `(${any()})`, () => `${this.pick(['$f := ', ''])}function($x, $y){${this.pick(['$x', '$y', '$x & $y', '[$x, $y]', '$x + $y'])}}(${any()}, ${any()})`,
            () => `(${any()}).${this.pick(['a', 'name', 'id', '$', '*', '$string($)', '{"v": $}', '[$]', '($)', 'x.y', '"name"'])}`, () => `${any()}[${this.pick(['0', '-1', '1', '$ > 1', 'a', 'name="one"', '[0,1]', '$ = "a"', 'true', '1.9', '"x"', ''])}]`,
            () => `(${any()} ~> ${this.pick(['$string', '$count', '$sum', '$uppercase', '$map($string)', 'function($x){[$x]}', '$keys', '|$|{"new": 1}|', '|objs|{"p": p * 2}, "tags"|', '$uppercase ~> $trim', '1', '|o|{},["z"]|', '$append(?, 1)', '|$|1|', '|$|{},1|'])})`,
        ];
        const own = {
            number: [() => `(${n()} ${this.pick(['+', '-', '*', '/', '%'])} ${n()})`, () => `-${n()}`, () => `$sum(${a()})`, () => `${a()}[0]`, () => `$count(${any()})`],
            string: [() => `(${any()} & ${any()})`, () => `(${s()} & ${s()})`, () => `$string(${any()})`],
            boolean: [() => `(${any()} ${this.pick(['=', '!=', '<', '<=', '>', '>='])} ${any()})`, () => `(${n()} ${this.pick(['<', '<=', '>', '>='])} ${n()})`, () => `(${s()} ${this.pick(['<', '>'])} ${s()})`,
                () => `(${any()} ${this.pick(['and', 'or'])} ${any()})`, () => `(${any()} in ${a()})`],
            array: [() => `[${any()}, ${any()}]`, () => `[${any()}]`, () => `[${this.end()}..${this.end()}]`, () => `${a()}^(${this.pick(['$', '>$', 'id', '>p, name', '<name'])})`, () => `${a()}.${this.pick(['$', 'id', 'name', '(id)', '[id]', '{"i": id}', '$string()', 'tags', 'o.z', '%', '*', '**'])}`,
                () => `${a()}#$i.{"i": $i, "v": $}`, () => `$states.input.objs@$o.($o.name & $o.id)`, () => `$states.input.objs@$o#$i[$i<2].[$o.id, $i]`, () => `$states.input.objs.tags.{"t": $, "n": %.name}`, () => `$states.input.objs.tags[%.id=1]`, () => `$map(${a()}, ${this.callback(depth)})`],
            object: [() => `{${s()}: ${any()}, "z": ${any()}}`, () => `{"a": ${any()}}`, () => `${a()}{${this.pick(['$string($)', 'name', '"k"', '$type($)', 'id'])}: ${this.pick(['$', 'id', '$count($)', '$sum(p)', 'name[0]'])}}`, () => `$merge([${o()}, ${o()}])`],
            other: [() => `$lookup(${o()}, "a")`],
        };
        return this.pick(this.chance(0.5) ? own[kind] : generic)();
    }

    /** One expression; now and then one with a slip of the pen. */
    expression() {
        const text = this.of('any', 1 + Math.floor(this.random() * 3));
        if (!this.chance(0.04)) return text;
        // by characters: half a pair of surrogates is no text
        const letters = Array.from(text);
        const at = Math.floor(this.random() * letters.length);
        const slip = this.chance(0.5)
            ? []
            : [this.pick(['(', ')', '[', ']', '{', '}', ',', '.', ':', ';', '"', '?', '~>', ':=', '^', '!', '|', '@', '#', '%', '1', ' ', '/', '\\'])];
        letters.splice(at, slip.length ? 0 : 1, ...slip);
        return letters.join('');
    }
}

module.exports = {FUNCTIONS, Generator, INPUT};
