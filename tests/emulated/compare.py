#!/usr/bin/env python3
"""Compare counted instructions with the table in instructions.md:   compare.py COUNTS.txt "VERSION OF THE COMPILER"

Every layer has to stay at or below its limit per multiply-accumulate. With the compiler that the table names the counts
have to be equal, with another one they may differ a little. EMBERLAB_UPDATE=1 writes the table anew.
"""
import os
import re
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("instructions.md")
BAND = 0.08
ROW = re.compile(r"^\| (\w+) \| (.+?) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$")
COMPILER = re.compile(r"^Compiler: (.+)$", re.MULTILINE)


def main():
    counts_file, compiler = sys.argv[1:]
    counts = {}
    for line in Path(counts_file).read_text().splitlines():
        name, count = line.split()
        counts[name] = int(count)
    text = TABLE.read_text()
    committed = COMPILER.search(text)[1]
    problems, changes, lines, n_rows = [], [], [], 0
    for line in text.splitlines():
        row = ROW.match(line)
        if row:
            n_rows += 1
            name, shape, macs, expected, _, limit = row.groups()
            count = counts.pop(name, None)
            if count is None:
                problems.append(f"{name} was not counted")
                continue
            per_mac = count / int(macs)
            line = f"| {name} | {shape} | {macs} | {count} | {per_mac:.2f} | {limit} |"
            difference = count / int(expected) - 1
            print(f"{name}: {count} instructions, {per_mac:.2f} per MAC (limit {limit}, table {expected})")
            if per_mac > float(limit):
                problems.append(f"{name}: {per_mac:.3f} instructions per MAC are more than {limit}")
            if compiler == committed and count != int(expected):
                changes.append(f"{name}: {count} instructions instead of {expected}")
            if compiler != committed and abs(difference) > BAND:
                changes.append(f"{name}: {difference:+.1%} from the table, with another compiler")
        lines.append(line)
    if n_rows == 0:
        problems.append(f"{TABLE.name} has no rows")
    problems += [f"{name} is not in the table" for name in counts]
    if os.environ.get("EMBERLAB_UPDATE") == "1":
        TABLE.write_text(COMPILER.sub(f"Compiler: {compiler}", "\n".join(lines) + "\n"))
    elif changes:
        problems += changes + ["after a change of kernels run tests/emulated/run.sh once with EMBERLAB_UPDATE=1"]
    for problem in problems:
        print(f"FAILED {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
