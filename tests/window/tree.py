#!/usr/bin/env python3
"""Read the accessibility tree of the running app, as a screen reader does.

    tree.py wait SECONDS NAME [NAME ...]   exit 0 once every NAME is the beginning of some element's name
    tree.py print                          every name, one a line
    tree.py press NAME                     do the first action of the element whose name begins with NAME
"""
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

APPLICATION = "emberlab"


def applications():
    desktop = Atspi.get_desktop(0)
    for index in range(desktop.get_child_count()):
        application = desktop.get_child_at_index(index)
        if application is not None and APPLICATION in (application.get_name() or "").lower():
            yield application


def elements():
    stack = list(applications())
    while stack:
        element = stack.pop()
        try:
            yield element, element.get_name() or ""
            for index in reversed(range(element.get_child_count())):
                child = element.get_child_at_index(index)
                if child is not None:
                    stack.append(child)
        except gi.repository.GLib.Error:
            continue  # The element went away while it was being read.


def names():
    return [name for _, name in elements() if name]


def wait(seconds, wanted):
    deadline = time.time() + seconds
    missing = wanted
    while time.time() < deadline:
        found = names()
        missing = [w for w in wanted if not any(name.startswith(w) for name in found)]
        if not missing:
            return
        time.sleep(0.25)
    for name in names()[:200]:
        print(f"  on the screen: {name}", file=sys.stderr)
    raise SystemExit(f"not on the screen after {seconds} s: {', '.join(missing)}")


def press(wanted):
    for element, name in elements():
        if name.startswith(wanted):
            if "Action" in element.get_interfaces() and Atspi.Action.get_n_actions(element) > 0:
                Atspi.Action.do_action(element, 0)
                return
    raise SystemExit(f"nothing to press begins with {wanted!r}")


def main():
    match sys.argv[1:]:
        case ["wait", seconds, *wanted] if wanted:
            wait(float(seconds), wanted)
        case ["print"]:
            print("\n".join(names()))
        case ["press", wanted]:
            press(wanted)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
