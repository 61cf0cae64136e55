#!/usr/bin/env python3
"""What keeps the code readable, checked on the syntax tree (tree-sitter):

- functions of at most 80 lines and files of at most 600 (tests: 1,000), unless `.ci/check_code.toml` states a reason;
- no cycle among the modules of a crate: at each level of the module tree, a child module together with all below it is one
  node, and so is the parent's own code (its `mod` and `pub use` lines are no code: a face depends on nothing);
- no crate arrow but those of `.ci/check_code.toml`, and none from the product into `local/`;
- no dependency that no source of its crate names, and none of the workspace that no crate takes;
- first lines of doc comments say what a thing is or does: none begins with a question word;
- relative links and anchors in Markdown lead somewhere, and a link [`name`](file.rs) to a function of that file.

    python .ci/check_code.py [--figures] [CRATE_FOLDER...]

`--figures` prints the numbers of the changelog's table instead of failing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import tree_sitter_rust
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / ".ci/check_code.toml").read_text())
PARSER = Parser(Language(tree_sitter_rust.language()))
FUNCTION_LINES = 80
FILE_LINES = 600
TEST_FILE_LINES = 1000
QUESTION = re.compile(r"^(What|How|Whether|Who|Whose|Which|Where|When|Why|If)\b")
WORDS = ["Answer", "Entry", "State", "Event", "Outcome", "Request"]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def crates() -> dict[Path, dict]:
    """The workspace's crates: folder to manifest."""
    members = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"]
    folders = [folder for member in members for folder in sorted(ROOT.glob(member))]
    return {folder: tomllib.loads((folder / "Cargo.toml").read_text()) for folder in folders}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_test(path: Path) -> bool:
    name = name_of(path)
    return (
        "/tests/" in name or path.name in ("tests.rs", "testing.rs") or path.name.endswith("_tests.rs")
        or "/examples/" in name or "/benches/" in name
    )


def walk(node: Node):
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


class File:
    """A source file, parsed."""

    def __init__(self, path: Path):
        self.path = path
        self.text = path.read_bytes()
        self.tree = PARSER.parse(self.text)
        self.lines = self.text.count(b"\n")

    def of(self, node: Node) -> str:
        return self.text[node.start_byte:node.end_byte].decode()


# --- lengths ----------------------------------------------------------------------------------------------------------------

def functions(file: File):
    """Each function with its name and its lines, without its doc comment and attributes."""
    for node in walk(file.tree.root_node):
        if node.type == "function_item" and node.child_by_field_name("body"):
            name = file.of(node.child_by_field_name("name"))
            yield name, node.start_point[0] + 1, node.end_point[0] - node.start_point[0] + 1


def lengths(files: list[File]) -> list[str]:
    excused = {**SETTINGS.get("long_functions", {}), **SETTINGS.get("long_files", {})}
    used, problems = set(), []
    for file in files:
        limit = TEST_FILE_LINES if is_test(file.path) else FILE_LINES
        name = name_of(file.path)
        if file.lines > limit:
            if name in excused:
                used.add(name)
            else:
                problems.append(f"{name}: {file.lines} lines, of at most {limit}")
        for function, line, length in functions(file):
            if length > FUNCTION_LINES:
                key = f"{name}#{function}"
                if key in excused:
                    used.add(key)
                else:
                    problems.append(f"{name}:{line}: function `{function}` has {length} lines, of at most {FUNCTION_LINES}")
    seen = {name_of(file.path) for file in files}
    for key in excused:
        if key not in used and (key.split("#")[0] in seen or not (ROOT / key.split("#")[0]).exists()):
            problems.append(f".ci/check_code.toml: {key} needs no reason any more: delete the line")
    return problems


# --- first lines of doc comments --------------------------------------------------------------------------------------------

def first_lines(file: File):
    """The first line of each block of doc comments, with its line number."""
    before = False
    for number, line in enumerate(file.text.decode().splitlines(), 1):
        stripped = line.strip()
        found = re.match(r"(///|//!)(?!/) ?(.*)", stripped)
        if found and not before and found.group(2):
            yield number, found.group(2)
        before = bool(found)


def questions(files: list[File]) -> list[str]:
    return [
        f"{name_of(file.path)}:{number}: the doc comment begins with a question word: {text[:70]!r}"
        for file in files
        for number, text in first_lines(file)
        if QUESTION.match(text)
    ]


# --- modules ----------------------------------------------------------------------------------------------------------------

Module = tuple[str, ...]


def module_of(source: Path, path: Path) -> Module:
    parts = list(path.relative_to(source).with_suffix("").parts)
    if parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    return tuple(parts)


def use_paths(file: File, node: Node, prefix: tuple[str, ...] = ()):
    """The paths of a `use` tree, each with the name that it gives (None: `*`)."""
    kind = node.type
    if kind in ("identifier", "crate", "super", "self", "metavariable"):
        text = file.of(node)
        if text == "self" and prefix:
            yield prefix, prefix[-1]
        else:
            yield (*prefix, text), text
    elif kind == "scoped_identifier":
        path = tuple(re.sub(r"\s|^::", "", file.of(node)).split("::"))
        yield (*prefix, *path), path[-1]
    elif kind == "use_as_clause":
        for path, _ in use_paths(file, node.child_by_field_name("path"), prefix):
            yield path, file.of(node.child_by_field_name("alias"))
    elif kind == "use_wildcard":
        inner = [child for child in node.named_children]
        path = tuple(re.sub(r"\s", "", file.of(inner[0])).split("::")) if inner else ()
        yield (*prefix, *path), None
    elif kind == "use_list":
        for child in node.named_children:
            if child.type not in ("line_comment", "block_comment"):
                yield from use_paths(file, child, prefix)
    elif kind == "scoped_use_list":
        path_node = node.child_by_field_name("path")
        path = tuple(re.sub(r"\s", "", file.of(path_node)).split("::")) if path_node else ()
        yield from use_paths(file, node.child_by_field_name("list"), (*prefix, *path))


def is_test_module(file: File, node: Node) -> bool:
    """`#[cfg(test)]` stands right before the item."""
    before = node.prev_sibling
    while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
        if before.type == "attribute_item" and re.search(r"cfg\((all\()?test|cfg\(any\(test", file.of(before)):
            return True
        before = before.prev_sibling
    return False


class Crate:
    """The modules of a crate and what each names of the others. Test modules are left out."""

    def __init__(self, folder: Path, files: list[File]):
        self.source = folder / "src"
        self.files = {
            module_of(self.source, file.path): file
            for file in files
            if self.source in file.path.parents and "bin" not in file.path.relative_to(self.source).parts[:1]
            and file.path.name != "main.rs"
        }
        self.skip: set[Module] = set()
        self.faces: dict[Module, dict[str, tuple[str, ...]]] = defaultdict(dict)
        self.raw: dict[Module, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        for module, file in list(self.files.items()):
            self.read(module, file, file.tree.root_node)
        self.files = {m: f for m, f in self.files.items() if not any(m[:len(s)] == s for s in self.skip)}

    def read(self, module: Module, file: File, node: Node):
        for child in node.children:
            if child.type == "mod_item":
                name = file.of(child.child_by_field_name("name"))
                if is_test_module(file, child):
                    self.skip.add((*module, name))
                elif child.child_by_field_name("body"):
                    self.read((*module, name), file, child.child_by_field_name("body"))
                    self.files.setdefault((*module, name), file)
            elif child.type == "use_declaration":
                if is_test_module(file, child):
                    continue
                public = any(part.type == "visibility_modifier" for part in child.children)
                for path, alias in use_paths(file, child.child_by_field_name("argument")):
                    if public:
                        self.faces[module][alias or "*" + "::".join(path)] = path
                    else:
                        self.faces[module].setdefault(alias or "*" + "::".join(path), path)
                        self.raw[module].append((child.start_point[0] + 1, path))
            elif not is_test_module(file, child):
                self.inline(module, file, child)

    def inline(self, module: Module, file: File, node: Node):
        """Paths that are spelled out in code: `crate::…`, `super::…`, and those that begin with a child's name."""
        stack = [node]
        while stack:
            node = stack.pop()
            if node.type in ("scoped_identifier", "scoped_type_identifier"):
                path = tuple(re.sub(r"\s|<.*", "", file.of(node)).split("::"))
                if path[0] in ("crate", "super", "self") or (*module, path[0]) in self.files:
                    self.raw[module].append((node.start_point[0] + 1, path))
                    continue
            if node.type == "function_item" and is_test_module(file, node):
                continue
            stack.extend(node.children)

    def absolute(self, module: Module, path: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path from the crate's root, or None if it leads out of the crate."""
        head, rest = path[0], list(path[1:])
        at: list[str]
        if head == "crate":
            at = []
        elif head == "self":
            at = list(module)
        elif head == "super":
            at = list(module[:-1])
            while rest and rest[0] == "super":
                at.pop()
                rest.pop(0)
        elif (*module, head) in self.files:
            at = [*module, head]
        else:
            return None
        return (*at, *rest)

    def owner(self, module: Module, path: tuple[str, ...], depth: int = 0) -> Module | None:
        """The module in which what `path` names is defined, through the faces of parents."""
        full = self.absolute(module, path)
        if full is None or depth > 12:
            return None
        at: Module = ()
        for index, part in enumerate(full):
            if (*at, part) in self.files:
                at = (*at, part)
                continue
            given = self.faces.get(at, {}).get(part)
            if given is not None and (at, given) != (module, path):
                target = self.owner(at, (*given, *full[index + 1:]), depth + 1)
                return target if target is not None else None
            for key, star in self.faces.get(at, {}).items():
                if key.startswith("*"):
                    inside = self.absolute(at, star)
                    if inside in self.files and self.defines(inside, part):
                        return inside
            return at
        return at

    def defines(self, module: Module, name: str) -> bool:
        return name.encode() in self.files[module].text

    def arrows(self) -> dict[tuple[Module, Module], str]:
        found = {}
        for module, uses in self.raw.items():
            if module not in self.files or any(module[:len(s)] == s for s in self.skip):
                continue
            for line, path in uses:
                to = self.owner(module, path)
                if to is not None and to != module and to in self.files:
                    found.setdefault((module, to), f"{name_of(self.files[module].path)}:{line} ({'::'.join(path)})")
        return found

    def cycles(self) -> list[list[tuple[Module, Module, str]]]:
        """At each level: the strongly connected groups among children and the parent's own code."""
        arrows, parents, found = self.arrows(), set(), []
        for module in self.files:
            for length in range(len(module)):
                parents.add(module[:length])
        for parent in sorted(parents):
            depth = len(parent)
            edges: dict[Module, dict[Module, str]] = defaultdict(dict)

            def node(module: Module) -> Module | None:
                if module[:depth] != parent:
                    return None
                return module[:depth + 1]

            for (source, to), place in arrows.items():
                a, b = node(source), node(to)
                if a is not None and b is not None and a != b:
                    edges[a].setdefault(b, place)
            for group in strong(edges):
                found.append([(a, b, edges[a][b]) for a in group for b in edges[a] if b in group])
        return found


def strong(edges: dict[Module, dict[Module, str]]) -> list[set[Module]]:
    """Strongly connected groups of more than one node."""
    nodes = set(edges) | {to for targets in edges.values() for to in targets}

    def reach(start: Module, graph) -> set[Module]:
        seen, stack = {start}, [start]
        while stack:
            for to in graph.get(stack.pop(), ()):
                if to not in seen:
                    seen.add(to)
                    stack.append(to)
        return seen

    back: dict[Module, set[Module]] = defaultdict(set)
    for source, targets in edges.items():
        for to in targets:
            back[to].add(source)
    groups, done = [], set()
    for start in sorted(nodes):
        if start in done:
            continue
        group = reach(start, edges) & reach(start, back)
        done |= group
        if len(group) > 1:
            groups.append(group)
    return groups


def module_cycles(folders: list[Path], files: dict[Path, list[File]]) -> tuple[list[str], int]:
    problems, modules = [], 0
    for folder in folders:
        for cycle in Crate(folder, files[folder]).cycles():
            group = {module for a, b, _ in cycle for module in (a, b)}
            modules += len(group)
            names = ", ".join("::".join(module) or "lib" for module in sorted(group))
            problems.append(f"{name_of(folder)}: modules in a circle: {names}")
            problems.extend(f"    {'::'.join(a) or 'lib'} -> {'::'.join(b) or 'lib'} at {place}" for a, b, place in cycle)
    return problems, modules


# --- crates -----------------------------------------------------------------------------------------------------------------

def crate_arrows(manifests: dict[Path, dict]) -> list[str]:
    named = {manifest["package"]["name"]: folder for folder, manifest in manifests.items()}
    allowed, problems = SETTINGS["arrows"], []
    for folder, manifest in manifests.items():
        tables = [manifest.get("dependencies", {})]
        tables += [target.get("dependencies", {}) for target in manifest.get("target", {}).values()]
        uses = {name_of(named[name]) for table in tables for name in table if name in named}
        drawn = set(allowed.get(name_of(folder), []))
        for to in sorted(uses - drawn):
            problems.append(f"{name_of(folder)}/Cargo.toml: depends on {to}, which .ci/check_code.toml does not draw")
        for to in sorted(drawn - uses):
            problems.append(f".ci/check_code.toml: {name_of(folder)} -> {to} is drawn and is not there")
        if not name_of(folder).startswith("local"):
            tables += [manifest.get("dev-dependencies", {}), manifest.get("build-dependencies", {})]
            for name in sorted(name for table in tables for name in table if name in named):
                if name_of(named[name]).startswith("local"):
                    problems.append(f"{name_of(folder)}/Cargo.toml: the product depends on the runtime ({name})")
    return problems


# --- unused dependencies ----------------------------------------------------------------------------------------------------

def unused_dependencies(manifests: dict[Path, dict], files: dict[Path, list[File]]) -> list[str]:
    """A dependency is used if some source of the crate has its name as a word. Features that name it count too."""
    problems, excused = [], SETTINGS.get("unused_dependencies", {})
    taken = set()
    for folder, manifest in manifests.items():
        text = b"\n".join(file.text for file in files[folder])
        tables = {kind: manifest.get(kind, {}) for kind in ("dependencies", "dev-dependencies", "build-dependencies")}
        for target in manifest.get("target", {}).values():
            for kind in tables:
                tables[kind] = {**tables[kind], **target.get(kind, {})}
        features = json.dumps(manifest.get("features", {}))
        for kind, table in tables.items():
            for name in table:
                taken.add(name)
                word = SETTINGS.get("library_names", {}).get(name, name.replace("-", "_"))
                if re.search(rf"\b{re.escape(word)}\b".encode(), text) or f"dep:{name}" in features:
                    continue
                if f"{name_of(folder)}#{name}" not in excused:
                    problems.append(f"{name_of(folder)}/Cargo.toml: nothing uses {name} of [{kind}]")
    shared = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"].get("dependencies", {})
    problems += [f"Cargo.toml: no crate takes {name}" for name in sorted(set(shared) - taken)]
    return problems


# --- links ------------------------------------------------------------------------------------------------------------------

def anchors(text: str) -> set[str]:
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.*)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def links() -> list[str]:
    problems = []
    for page in tracked("*.md"):
        if "third_party" in page.parts:
            continue
        text = page.read_text()
        code_free = re.sub(r"```.*?```", lambda block: "\n" * block.group().count("\n"), text, flags=re.S)
        for found in re.finditer(r"\]\(([^)\s]+)\)", code_free):
            target = found.group(1)
            if re.match(r"[a-z]+:", target):
                continue
            line = code_free.count("\n", 0, found.start()) + 1
            where = f"{name_of(page)}:{line}"
            file, _, anchor = target.partition("#")
            to = (page.parent / file).resolve() if file else page
            if not to.exists():
                problems.append(f"{where}: {target} leads nowhere")
            elif anchor and to.suffix == ".md" and anchor not in anchors(to.read_text()):
                problems.append(f"{where}: {target}: the page has no such heading")
            else:
                # a page that names the test of a promise must not outlive the test
                named = re.search(r"\[`(\w+)`$", code_free[:found.start()])
                if named and to.suffix in (".rs", ".py") and not re.search(rf"\b(fn|def) {named.group(1)}\b", to.read_text()):
                    problems.append(f"{where}: {target} has no function {named.group(1)}")
    return problems


# --- figures ----------------------------------------------------------------------------------------------------------------

def figures(files: list[File], in_cycles: int):
    production = [file for file in files if not is_test(file.path)]
    longest = sorted(((n, f"{name_of(f.path)}#{name}") for f in production for name, _, n in functions(f)), reverse=True)
    print("longest functions:", ", ".join(f"{name} {lines}" for lines, name in longest[:5]))
    print(f"functions over {FUNCTION_LINES} lines:", sum(lines > FUNCTION_LINES for lines, _ in longest))
    sizes = sorted(((f.lines, name_of(f.path)) for f in production), reverse=True)
    print("longest files:", ", ".join(f"{name} {lines}" for lines, name in sizes[:5]))
    print("modules in cycles:", in_cycles)
    for word in WORDS:
        pattern = rf"^\s*(?:pub(?:\([^)]*\))? )?(?:struct|enum|trait|type|union) {word}\b".encode()
        count = sum(len(re.findall(pattern, f.text, flags=re.M)) for f in production)
        print(f"types named {word}:", count)
    lines = [text for file in files for _, text in first_lines(file)]
    print(f"doc comments: {len(lines)}, beginning with a question word: {sum(bool(QUESTION.match(t)) for t in lines)}")
    fences = 0
    for file in files:
        inside = False
        for line in file.text.decode().splitlines():
            found = re.match(r"\s*//[/!] ?```(.*)", line)
            if found:
                kind = found.group(1).strip()
                if not inside and (kind == "" or kind in ("rust", "no_run", "should_panic") or kind.startswith("rust,")):
                    fences += 1
                inside = not inside
    print("compiled doc examples:", fences)


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--figures"]
    manifests = crates()
    folders = [folder for folder in manifests if not arguments or name_of(folder) in arguments]
    files: dict[Path, list[File]] = {folder: [] for folder in manifests}
    for path in tracked("*.rs"):
        owners = [folder for folder in manifests if folder in path.parents]
        if owners:
            files[max(owners, key=lambda folder: len(folder.parts))].append(File(path))
    chosen = [file for folder in folders for file in files[folder]]
    cycles, in_cycles = module_cycles(folders, files)
    if "--figures" in sys.argv:
        figures(chosen, in_cycles)
        return 0
    problems = lengths(chosen) + questions(chosen) + cycles
    if not arguments:
        problems += crate_arrows(manifests) + unused_dependencies(manifests, files) + links()
    for problem in problems:
        print(problem)
    print(f"{len(chosen)} files: " + (f"{len(problems)} lines to look at" if problems else "in order"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
