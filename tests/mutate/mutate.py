#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Breaks the guard's decisions in every small way, and sees whether a test notices.

mutate.py [--sample N [--seed S]] [--ktap] [--list] [--verbose] [FILE...]

FILE is one of decide.c, interlock.c and sense.c; without one it is all of them. Each mutant
deletes a statement, negates a condition or a part of it, leaves such a part out, moves a
boundary (< and <=), turns an operator round (+ and -), or puts 0 where a value is made. A
test that fails, does not end or crashes has found it. Mutants that no test finds fail, unless
the file `equivalents` beside this one names them with a reason: they make no difference. What
is named there and found, or is no mutant at all, fails too.

All mutants of a file are built at once, into a copy of it that asks at each place which mutant
it is; one process runs the tests for each.

--sample N takes N mutants by chance, of those that are not named there. The chance is that of
the day, UTC, unless --seed gives another one; it is printed, so that it can be had again.

passed: found. failed: not found. skipped: named in `equivalents`.
"""
import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GUARD = os.path.join(ROOT, 'kmod', 'guard')
UAPI = os.path.join(ROOT, 'include', 'uapi')

# The tests of a file, the quickest first: each gets the mutants that those before left.
TESTS = {
    'decide.c': ['decide', 'budget', 'walk'],
    'interlock.c': ['interlock', 'walk_gateway'],
    'sense.c': ['sense', 'walk_gateway'],
}
JOBS = 2
PART = 8                # mutants that a job takes at once
WALK_STATES = 20000     # of each walk, or a mutant that no test finds would take long

BOUNDARIES = {'<': '<=', '<=': '<', '>': '>=', '>=': '>'}
OPERATORS = {
    '+': '-', '-': '+', '*': '/', '/': '*', '%': '/', '<<': '>>', '>>': '<<', '&': '|', '|': '&',
    '+=': '-=', '-=': '+=', '|=': '&=', '&=': '|=', '++': '--', '--': '++',
}


def die(message):
    sys.exit(f'mutate.py: {message}')


class Source:
    """Finds the mutants of one file, by clang's syntax tree of it, and writes them all into a
    copy. In that, M(n) is true if the mutant is number n; the first is 1.
    """

    def __init__(self, file):
        self.file = file
        self.path = os.path.join(GUARD, file)
        with open(self.path, encoding='utf-8') as source:
            self.text = source.read()
        if not self.text.isascii():
            die(f'{self.path}: clang counts bytes; let it be ASCII')
        self.names = []
        self.same_names = collections.Counter()
        self.function, self.last, self.is_bool = None, None, False
        self.mutated = '#define M(n) (hydropon_mutant == (n))\nextern int hydropon_mutant;\n'
        at = 0
        for node in self.tree()['inner']:
            if node['kind'] != 'FunctionDecl' or not self.is_here(node) or 'inner' not in node:
                continue
            body = node['inner'][-1]
            if body['kind'] != 'CompoundStmt':
                continue
            self.function, self.last = node['name'], self.last_of(body)
            self.is_bool = node['type']['qualType'].startswith(('_Bool ', 'bool '))
            begin, end = self.span(body)
            self.mutated += self.text[at:begin] + self.statement(body)
            at = end
        self.mutated += self.text[at:]

    def tree(self):
        command = ['clang', '-std=gnu11', '-fsyntax-only', '-Xclang', '-ast-dump=json',
                   '-I' + UAPI, self.path]
        try:
            done = subprocess.run(command, capture_output=True, check=True)
        except FileNotFoundError:
            die('clang is not installed; tests/qemu/tools.sh installs it')
        except subprocess.CalledProcessError as error:
            die(f'clang does not take {self.path}:\n{error.stderr.decode()}')
        return json.loads(done.stdout)

    @staticmethod
    def is_here(node):
        """A location in an included file says so."""
        loc = node.get('loc', {})
        loc = loc.get('expansionLoc', loc)
        return 'offset' in loc and 'includedFrom' not in loc

    @staticmethod
    def span(node):
        """From where to where a node is written; a macro is where it is used."""
        ends = [node['range'][end] for end in ('begin', 'end')]
        begin, end = [end.get('expansionLoc', end) for end in ends]
        return begin['offset'], end['offset'] + end['tokLen']

    def last_of(self, node):
        """The statement that a function ends with, or that its last switch does."""
        if node['kind'] in ('CompoundStmt', 'SwitchStmt', 'CaseStmt', 'DefaultStmt'):
            return self.last_of(node['inner'][-1])
        return node

    def written(self, node):
        begin, end = self.span(node)
        return self.text[begin:end]

    def add(self, how, original, becomes=None):
        """A new mutant: its number."""
        original = ' '.join(original.split())
        if len(original) > 90:
            original = original[:87] + '...'
        name = f'{self.file}: {self.function}: {how}: {original}'
        if becomes:
            name += ' -> ' + ' '.join(becomes.split())
        self.same_names[name] += 1
        if self.same_names[name] > 1:
            name += f' #{self.same_names[name]}'
        self.names.append(name)
        return len(self.names)

    def statement(self, node):
        kind, inner = node['kind'], node.get('inner', [])
        if kind == 'CompoundStmt':
            return '{\n' + ''.join(self.statement(child) for child in inner) + '}\n'
        if kind == 'CaseStmt':
            return f'case {self.written(inner[0])}:\n' + self.statement(inner[1])
        if kind == 'DefaultStmt':
            return 'default:\n' + self.statement(inner[0])
        if kind == 'DeclStmt':
            return self.declaration(node)
        if node is self.last and kind == 'ReturnStmt':
            return self.mutated_return(inner[0])

        number = self.add('delete', self.written(node))
        if kind == 'IfStmt':
            text = f'if ({self.condition(inner[0])}) {{\n{self.statement(inner[1])}}}\n'
            if len(inner) > 2:
                text += f'else {{\n{self.statement(inner[2])}}}\n'
        elif kind == 'WhileStmt':
            text = f'while ({self.condition(inner[0])}) {{\n{self.statement(inner[1])}}}\n'
        elif kind == 'ForStmt':
            begin, _, condition, step, body = inner
            text = (f'for ({self.expression(begin)}; {self.condition(condition)}; '
                    f'{self.expression(step)}) {{\n{self.statement(body)}}}\n')
        elif kind == 'SwitchStmt':
            text = f'switch ({self.expression(inner[0])})\n{self.statement(inner[1])}'
        elif kind == 'ReturnStmt':
            text = self.mutated_return(inner[0]) if inner else 'return;\n'
        elif kind in ('BreakStmt', 'ContinueStmt'):
            text = self.written(node) + ';\n'
        elif kind.endswith('Stmt'):
            die(f'{self.path}: there is a {kind} in {self.function}(); teach me what it is')
        else:
            text = self.expression(node) + ';\n'
        return f'{{ if (!M({number})) {{\n{text}}} }}\n'

    def mutated_return(self, value):
        """Deleting a return leaves it to what follows; at the end nothing does."""
        if self.is_bool:
            return f'return {self.condition(value)};\n'
        return f'return {self.value(value)};\n'

    def declaration(self, node):
        begin, end = self.span(node)
        text, at = '', begin
        for variable in node['inner']:
            if 'init' not in variable:
                continue
            init = variable['inner'][-1]
            first, past = self.span(init)
            # An array or a struct begins with braces.
            text += self.text[at:first]
            text += self.written(init) if init['kind'] == 'InitListExpr' else self.value(init)
            at = past
        return text + self.text[at:end] + '\n'

    def value(self, node):
        written = self.written(node)
        zero = '1' if written in ('0', 'false') else '0'
        number = self.add('value', written, zero)
        return f'(M({number}) ? {zero} : {self.expression(node)})'

    def condition(self, node):
        number = self.add('negate', self.written(node))
        return f'(!!({self.expression(node)}) != M({number}))'

    def operand(self, node, opcode):
        """Of && or ||: negated, or left out."""
        text = self.condition(node)
        number = self.add('leave out', f'{self.written(node)} {opcode}')
        return f'(M({number}) || {text})' if opcode == '&&' else f'(!M({number}) && {text})'

    def expression(self, node):
        kind, inner, opcode = node['kind'], node.get('inner', []), node.get('opcode')
        begin, end = self.span(node)
        if kind in ('BinaryOperator', 'CompoundAssignOperator'):
            left, right = inner
            if self.span(left)[1] > self.span(right)[0]:
                return self.text[begin:end]     # within a macro
            return self.binary(node, opcode, left, right)
        if kind == 'ConditionalOperator':
            condition, left, right = inner
            return (f'({self.condition(condition)} ? {self.expression(left)} : '
                    f'{self.expression(right)})')
        if kind == 'UnaryOperator' and opcode in ('++', '--'):
            text = self.text[begin:end]
            other = text.replace(opcode, OPERATORS[opcode])
            return f'(M({self.add("operator", text, other)}) ? ({other}) : ({text}))'
        text, at = '', begin
        for child in inner:
            first, past = self.span(child)
            text += self.text[at:first] + self.expression(child)
            at = past
        text += self.text[at:end]
        if kind == 'UnaryOperator' and opcode in ('-', '~') and self.text[begin] == opcode:
            number = self.add('leave out', self.text[begin:end])
            return f'(M({number}) ? ({self.expression(inner[0])}) : ({text}))'
        return text

    def binary(self, node, opcode, left, right):
        if opcode in ('&&', '||'):
            return f'({self.operand(left, opcode)} {opcode} {self.operand(right, opcode)})'
        if opcode == '=':
            kind = node['type']
            is_bool = kind.get('desugaredQualType', kind['qualType']) in ('_Bool', 'bool')
            return (f'{self.expression(left)} = '
                    f'{self.condition(right) if is_bool else self.expression(right)}')
        a, b = self.expression(left), self.expression(right)
        for how, table in (('boundary', BOUNDARIES), ('operator', OPERATORS)):
            if opcode in table:
                becomes = f'{self.written(left)} {table[opcode]} {self.written(right)}'
                number = self.add(how, self.written(node),
                                  becomes if len(becomes) <= 90 else table[opcode])
                return f'(M({number}) ? ({a} {table[opcode]} {b}) : ({a} {opcode} {b}))'
        return f'({a} {opcode} {b})'


def read_equivalents():
    """Name to reason: a line that is not indented is a name, what follows is its reason."""
    path = os.path.join(HERE, 'equivalents')
    equivalents, name = {}, None
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith('#') or not line.strip():
                continue
            if not line[0].isspace():
                name = line.strip()
                if name in equivalents:
                    die(f'{path}:{number}: named twice: {name}')
                equivalents[name] = ''
            elif name is None:
                die(f'{path}:{number}: a reason without a mutant')
            else:
                equivalents[name] += line.strip() + ' '
    for name, reason in equivalents.items():
        if not reason:
            die(f'{path}: no reason given: {name}')
    return equivalents


def plant(tree, source):
    """The guard and its tests, with the mutants of a file in its place."""
    for part in ('kmod/guard', 'tests/unit', 'tests/support'):
        os.makedirs(os.path.join(tree, part))
    for name in ['decide.h', *TESTS]:
        shutil.copy(os.path.join(GUARD, name), os.path.join(tree, 'kmod/guard'))
    with open(os.path.join(tree, 'kmod/guard', source.file), 'w', encoding='utf-8') as file:
        file.write(source.mutated)
    for name in ('output_rig.h', 'oracle.h', 'walk.h'):
        shutil.copy(os.path.join(ROOT, 'tests/support', name), os.path.join(tree, 'tests/support'))
    shutil.copy(os.path.join(ROOT, 'tests/harness.h'), os.path.join(tree, 'tests'))
    for program in TESTS[source.file]:
        shutil.copy(os.path.join(ROOT, 'tests/unit', program + '.c'),
                    os.path.join(tree, 'tests/unit'))


def build(tree, program):
    """What leaves its array or its number traps: that finds a mutant as well."""
    binary = os.path.join(tree, program)
    command = ['gcc', '-std=gnu11', '-w', '-O1' if program.startswith('walk') else '-O0',
               '-fsanitize=bounds,signed-integer-overflow,shift',
               '-fsanitize-undefined-trap-on-error', '-D_GNU_SOURCE', '-I' + UAPI,
               '-I' + os.path.join(tree, 'tests'), '-o', binary,
               os.path.join(tree, 'tests/unit', program + '.c'), os.path.join(HERE, 'main.c')]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        die(f'{program} does not build with the mutants in it:\n{done.stderr.decode()}')
    return binary


def run(binary, numbers):
    """What has found each mutant; '': nothing."""
    environment = dict(os.environ, HYDROPON_WALK=str(WALK_STATES))
    done = subprocess.run([binary, *map(str, numbers)], capture_output=True, env=environment,
                          check=False)
    found = {}
    for line in done.stdout.decode().splitlines():
        number, _, by = line.partition(' ')
        found[int(number)] = by
    if done.returncode or set(found) != set(numbers):
        die(f'{os.path.basename(binary)} ended early ({done.returncode}):\n{done.stderr.decode()}')
    return found


def try_out(source, numbers):
    """Which test has found each of the mutants with these numbers; '': none."""
    found = dict.fromkeys(numbers, '')
    if not numbers:
        return found
    tree = tempfile.mkdtemp(prefix='hydropon-mutate.')
    try:
        plant(tree, source)
        for program in TESTS[source.file]:
            binary = build(tree, program)
            by = run(binary, [0])[0]
            if by:
                die(f'{program} fails without any mutant: {by}')
            left = [number for number in numbers if not found[number]]
            parts = [left[i:i + PART] for i in range(0, len(left), PART)]
            with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
                for part in pool.map(lambda part: run(binary, part), parts):
                    found.update({number: by and f'{program}: {by}' for number, by in part.items()})
        return found
    finally:
        shutil.rmtree(tree)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sample', type=int, metavar='N', help='only so many, by chance')
    parser.add_argument('--seed', type=int, metavar='S', help='of the chance, not that of the day')
    parser.add_argument('--ktap', action='store_true', help='a line for each, as KTAP')
    parser.add_argument('--list', action='store_true', help='name the mutants, try none')
    parser.add_argument('--verbose', action='store_true', help='say what has found each')
    parser.add_argument('files', nargs='*', metavar='FILE')
    options = parser.parse_args()
    for file in options.files:
        if file not in TESTS:
            die(f'there is no {file}; there are {", ".join(TESTS)}')
    os.nice(10)

    sources = [Source(file) for file in options.files or TESTS]
    names = [name for source in sources for name in source.names]
    if options.list:
        print('\n'.join(names))
        return 0
    equivalents = read_equivalents()
    stale = [name for name in equivalents if name not in names and
             name.split(':')[0] in (source.file for source in sources)]
    wanted, of = names, ''
    if options.sample:
        day = datetime.datetime.now(datetime.timezone.utc)
        seed = int(f'{day:%Y%m%d}') if options.seed is None else options.seed
        wanted = [name for name in names if name not in equivalents]
        wanted = random.Random(seed).sample(wanted, min(options.sample, len(wanted)))
        stale, of = [], f' out of {len(names)}, by seed {seed}'

    verdicts = collections.Counter()

    def tell(verdict, name, why):
        verdicts[verdict] += 1
        if options.ktap:
            word = 'not ok' if verdict == 'failed' else 'ok'
            skip = 'SKIP ' if verdict == 'skipped' else ''
            print(f'{word} {sum(verdicts.values())} {name} # {skip}{why}')
        elif verdict == 'failed' or options.verbose:
            print(f'{verdict} {name}: {why}')

    about = f'{len(wanted)} mutants of {", ".join(source.file for source in sources)}{of}'
    if options.ktap:
        print(f'# program decide\n# {about}\n1..{len(wanted) + len(stale)}', flush=True)
    chosen = set(wanted)
    for source in sources:
        numbers = [number for number, name in enumerate(source.names, 1) if name in chosen]
        for number, by in try_out(source, numbers).items():
            name = source.names[number - 1]
            if name not in equivalents:
                tell('passed' if by else 'failed', name,
                     f'found by {by}' if by else 'no test notices')
            elif by:
                tell('failed', name, f'named as equivalent, but found by {by}')
            else:
                tell('skipped', name, 'equivalent')
    for name in stale:
        tell('failed', name, 'named as equivalent, but there is no such mutant')
    if not options.ktap:
        print(about)
        print(f'{verdicts["passed"]} passed, {verdicts["failed"]} failed, '
              f'{verdicts["skipped"]} skipped')
    return 1 if verdicts['failed'] or not verdicts['passed'] else 0


if __name__ == '__main__':
    sys.exit(main())
