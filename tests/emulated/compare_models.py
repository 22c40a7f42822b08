#!/usr/bin/env python3
"""Compare what whole models took with the table in models.md:   compare_models.py LINES.txt "VERSION OF THE COMPILER"

A line is what the example emulated_board prints: name, operators, instructions, instructions of all operators, those of
looking at one operator, arena bytes.
With the compiler that the table names the figures have to be equal, with another one instructions may differ a little.
Models of the table that were not there are passed over. EMBERLAB_UPDATE=1 writes the table anew.
"""
import os
import re
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("models.md")
BAND = 0.08
ROW = re.compile(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| ([-+]\d+\.\d\d) % \| (\d+) \| (\d+) \|$")
COMPILER = re.compile(r"^Compiler: (.+)$", re.MULTILINE)


def main():
    lines_file, compiler = sys.argv[1:]
    found = {}
    for line in Path(lines_file).read_text().splitlines():
        name, *figures = line.split()
        found[name] = [int(figure) for figure in figures]
    text = TABLE.read_text()
    committed = COMPILER.search(text)[1]
    problems, lines = [], []
    for line in text.splitlines():
        row = ROW.match(line)
        if row and row[1] in found:
            name, expected = row[1], [int(figure) for figure in row.group(2, 3, 4, 6, 7)]
            figures = found.pop(name)
            print(f"{name}: {figures[1]} instructions, {figures[2]} in operators (table {expected[1]}, {expected[2]})")
            # The arena and the number of operators do not depend on the compiler.
            fixed = figures[0] == expected[0] and figures[4] == expected[4]
            near = all(abs(a / max(b, 1) - 1) <= BAND for a, b in zip(figures[1:3], expected[1:3]))
            if figures != expected and (compiler == committed or not (fixed and near)):
                problems.append(f"{name}: {figures} instead of {expected}")
            operators, whole, together, look, arena = figures
            difference = f"{together / whole - 1:+.2%}".replace("%", " %")
            line = f"| {name} | {operators} | {whole} | {together} | {difference} | {look} | {arena} |"
        elif row:
            print(f"{row[1]}: not there, so not compared")
        lines.append(line)
    if os.environ.get("EMBERLAB_UPDATE") == "1":
        TABLE.write_text(COMPILER.sub(f"Compiler: {compiler}", "\n".join(lines) + "\n"))
        problems = []
    elif problems:
        problems.append("after a change of kernels run tests/emulated/run.sh once with EMBERLAB_UPDATE=1")
    problems += [f"{name} is not in the table" for name in found]
    for problem in problems:
        print(f"FAILED {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
