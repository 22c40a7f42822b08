#!/usr/bin/env python3
"""Drop files on a window of the X server as a file manager would, by the XDND protocol (version 5).

    xdnd.py TITLE FILE [FILE ...]

TITLE is the beginning of the window's title. Exit 0 once the window has said that it took the files.
Protocol: freedesktop.org, "Drag-and-Drop Protocol for the X Window System".
"""
import pathlib
import sys
import time

from Xlib import X, display
from Xlib.protocol import event

SECONDS_TO_WAIT = 20


def find_window(window, title):
    """The first window below `window` whose title begins with `title`."""
    try:
        name = window.get_wm_name()
    except Exception:  # A window may vanish while we look at it.
        return None
    if isinstance(name, str) and name.startswith(title):
        return window
    for child in window.query_tree().children:
        found = find_window(child, title)
        if found is not None:
            return found
    return None


class Drag:
    def __init__(self, title, files):
        self.display = display.Display()
        self.root = self.display.screen().root
        self.uris = "".join(pathlib.Path(f).resolve().as_uri() + "\r\n" for f in files).encode()
        self.target = find_window(self.root, title)
        if self.target is None:
            raise SystemExit(f"no window whose title begins with {title!r}")
        if self.target.get_full_property(self.atom("XdndAware"), X.AnyPropertyType) is None:
            raise SystemExit("the window does not take drops (no XdndAware)")
        depth = self.display.screen().root_depth
        self.source = self.root.create_window(0, 0, 1, 1, 0, depth, event_mask=X.PropertyChangeMask)
        self.source.set_selection_owner(self.atom("XdndSelection"), X.CurrentTime)

    def atom(self, name):
        return self.display.intern_atom(name)

    def send(self, name, data):
        message = event.ClientMessage(window=self.target, client_type=self.atom(name), data=(32, data))
        self.target.send_event(message)
        self.display.flush()

    def centre(self):
        geometry = self.target.get_geometry()
        corner = self.target.translate_coords(self.root, 0, 0)
        return -corner.x + geometry.width // 2, -corner.y + geometry.height // 2

    def run(self):
        x, y = self.centre()
        self.root.warp_pointer(x, y)
        self.send("XdndEnter", [self.source.id, 5 << 24, self.atom("text/uri-list"), 0, 0])
        self.send("XdndPosition", [self.source.id, 0, (x << 16) | y, X.CurrentTime, self.atom("XdndActionCopy")])
        deadline, dropped = time.time() + SECONDS_TO_WAIT, False
        while time.time() < deadline:
            if not self.display.pending_events():
                time.sleep(0.02)
                continue
            e = self.display.next_event()
            if e.type == X.SelectionRequest:
                e.requestor.change_property(e.property, e.target, 8, self.uris)
                notify = event.SelectionNotify(time=e.time, requestor=e.requestor, selection=e.selection,
                                               target=e.target, property=e.property)
                e.requestor.send_event(notify)
                self.display.flush()
            elif e.type == X.ClientMessage:
                name = self.display.get_atom_name(e.client_type)
                if name == "XdndStatus" and not dropped:
                    if not e.data[1][1] & 1:
                        raise SystemExit("the window refuses the files")
                    dropped = True
                    self.send("XdndDrop", [self.source.id, 0, X.CurrentTime, 0, 0])
                elif name == "XdndFinished":
                    return
        raise SystemExit("the window did not take the files in time")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    Drag(sys.argv[1], sys.argv[2:]).run()
