# SPDX-License-Identifier: GPL-3.0-or-later
"""An X client that watches windows, presses keys for them, and asks them whether they are listening.

By ctypes: programs started for it would take longer than what is measured, and no package is needed that X programs do not
need anyway."""

import ctypes
import time
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p

MAP_NOTIFY, CLIENT_MESSAGE = 19, 33
SUBSTRUCTURE_NOTIFY = 1 << 19
VIEWABLE = 2
Event = c_long * 24


class Attributes(ctypes.Structure):
    _fields_ = [(name, c_int) for name in ('x', 'y', 'width', 'height', 'border', 'depth')] + [
        ('visual', c_void_p), ('root', c_ulong), ('class_', c_int), ('bit_gravity', c_int), ('win_gravity', c_int),
        ('backing_store', c_int), ('planes', c_ulong), ('pixel', c_ulong), ('save_under', c_int), ('colormap', c_ulong),
        ('map_installed', c_int), ('map_state', c_int), ('masks', c_long * 3), ('override_redirect', c_int),
        ('screen', c_void_p)]


def _load():
    x, test = ctypes.CDLL('libX11.so.6'), ctypes.CDLL('libXtst.so.6')
    x.XOpenDisplay.restype, x.XOpenDisplay.argtypes, x.XFree.argtypes = c_void_p, [c_char_p], [c_void_p]
    for name in ('XDefaultRootWindow', 'XInternAtom', 'XStringToKeysym'):
        getattr(x, name).restype = c_ulong
    x.XKeysymToKeycode.restype = ctypes.c_ubyte
    return x, test


class Client:
    def __init__(self, name):
        self.x, self.test = _load()
        self.on_error = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda display, event: 0)  # Windows go at any moment.
        self.x.XSetErrorHandler(self.on_error)
        self.display = c_void_p(self.x.XOpenDisplay(name.encode()))
        if not self.display:
            raise OSError(f'the X server {name} cannot be reached')
        self.root = c_ulong(self.x.XDefaultRootWindow(self.display))
        self.x.XSelectInput(self.display, self.root, c_long(SUBSTRUCTURE_NOTIFY))
        self.mapped, self.answered, self.serial = {}, {}, 0

    def atom(self, name):
        return self.x.XInternAtom(self.display, name.encode(), 0)

    def pump(self):
        """Takes the events there are: notes when windows were mapped and pings answered."""
        event = Event()
        while self.x.XPending(self.display):
            self.x.XNextEvent(self.display, byref(event))
            kind = event[0] & 0xffffffff
            if kind == MAP_NOTIFY:
                self.mapped.setdefault(event[5], time.monotonic())
            elif kind == CLIENT_MESSAGE and event[7] == self.atom('_NET_WM_PING'):
                self.answered[event[8]] = time.monotonic()

    def window(self, least_width=600):
        """The largest window that is showing, as (id, width, height), or None."""
        root, parent, children, n, best = c_ulong(), c_ulong(), POINTER(c_ulong)(), c_uint(), None
        self.x.XQueryTree(self.display, self.root, byref(root), byref(parent), byref(children), byref(n))
        for i in range(n.value):
            attributes = Attributes()
            if self.x.XGetWindowAttributes(self.display, c_ulong(children[i]), byref(attributes)) and \
                    attributes.map_state == VIEWABLE and attributes.width >= max(least_width, best[1] if best else 0):
                best = children[i], attributes.width, attributes.height
        if n.value:
            self.x.XFree(children)
        return best

    # ---- Doing ----

    def key(self, name):
        """Presses a key, and returns the moment before it; the caller releases it."""
        code = self.x.XKeysymToKeycode(self.display, c_ulong(self.x.XStringToKeysym(name.encode())))
        begun = time.monotonic()
        self.test.XTestFakeKeyEvent(self.display, code, 1, c_ulong(0))
        self.x.XFlush(self.display)
        return begun

    def release(self, name):
        code = self.x.XKeysymToKeycode(self.display, c_ulong(self.x.XStringToKeysym(name.encode())))
        self.test.XTestFakeKeyEvent(self.display, code, 0, c_ulong(0))
        self.x.XSync(self.display, 0)

    def tap(self, name):
        self.key(name)
        self.release(name)

    def click(self, x, y):
        self.test.XTestFakeMotionEvent(self.display, -1, x, y, c_ulong(0))
        self.x.XSync(self.display, 0)
        time.sleep(0.1)
        for down in (1, 0):
            self.test.XTestFakeButtonEvent(self.display, 1, down, c_ulong(0))
        self.x.XSync(self.display, 0)

    def fill_screen(self, window, width, height, border=0):
        """What a window manager does to a window that wants the whole screen: there is none here. `border` pixels that
        it draws around itself come to lie outside."""
        state = c_long(self.atom('_NET_WM_STATE_FULLSCREEN'))
        self.x.XChangeProperty(self.display, c_ulong(window), c_ulong(self.atom('_NET_WM_STATE')), c_ulong(4), 32, 0,
                               byref(state), 1)
        self.x.XMoveResizeWindow(self.display, c_ulong(window), -border, -border, width + 2 * border, height + 2 * border)
        self.x.XRaiseWindow(self.display, c_ulong(window))
        self.x.XSetInputFocus(self.display, c_ulong(window), 2, c_ulong(0))
        self.x.XSync(self.display, 0)

    def ping(self, window):
        """Asks the window's program for a sign of life, as window managers do; `answered` will have the serial number."""
        self.serial += 1
        event = Event(CLIENT_MESSAGE, 0, 1, self.display.value, window, self.atom('WM_PROTOCOLS'), 32,
                      self.atom('_NET_WM_PING'), self.serial, window)
        self.x.XSendEvent(self.display, c_ulong(window), 0, c_long(0), byref(event))
        self.x.XFlush(self.display)
        return self.serial, time.monotonic()

    def ask(self, window, timeout=10):
        """Seconds until the program has taken note of a ping."""
        serial, begun = self.ping(window)
        while serial not in self.answered:
            if time.monotonic() - begun > timeout:
                raise TimeoutError('the window does not answer')
            time.sleep(0.0005)
            self.pump()
        return self.answered[serial] - begun
