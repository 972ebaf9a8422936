# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest shows in the app's window, recognised by its pixels; and how a person types and clicks there."""

import time

# EDK2's logo; GRUB's chosen entry, on the firmware's screen; what newt and Linux's text console draw with.
LOGO, CHOSEN, BLUE, GRAY, RED = 0xff5500, 0x989898, 0x0000aa, 0xaaaaaa, 0xaa0000
# Of the demonstration's session: background, terminal and its text, title bars, clock and menus.
DESKTOP, TERMINAL, TEXT, TITLE, CLOCK = 0x33517a, 0x1d1f21, 0xe8e8e8, 0xf4b942, 0xf4f1ea

# Debian's graphical installer: its page, the middle of a chosen line, and of its head.
PAGE, LIST, BAR, HEAD = 0xede9e3, 0xffffff, 0x298580, 0x05475c


def shows_firmware(picture):
    return picture.share(0) > 0.5 and picture.share(LOGO) > 0.00002


def shows_grub(picture):
    return picture.share(0) > 0.5 and bool(picture.lines_of(CHOSEN, 0.4))


def shows_session(picture):
    """With its windows, and a terminal that says something."""
    return picture.share(DESKTOP) > 0.1 and picture.share(TERMINAL) > 0.15 and picture.share(CLOCK) > 0.002 and picture.share(TEXT) > 0.0005


def shows_dialog(picture):
    """One of the installer's questions: a gray window on blue, with a chosen line in red."""
    return picture.share(BLUE) > 0.03 and picture.share(GRAY) > 0.15 and bool(picture.lines_of(RED, 0.15))


def shows_page(picture):
    """One of the graphical installer's questions: a list, with a chosen line."""
    return picture.share(HEAD) > 0.01 and picture.share(PAGE) > 0.1 and picture.share(LIST) > 0.3 and bool(picture.lines_of(BAR, 0.5))


class Guest:
    """The screen of a running machine, as the window shows it; positions are pixels of what it shows."""

    def __init__(self, app, name):
        self.app, self.name = app, name

    def place(self):
        """Where in the window it is."""
        box = self.app.find(f"Screen of {self.name}", wait=20).get_component_iface().get_extents(self.app.atspi.CoordType.WINDOW)
        return box.x, box.y, box.width, box.height

    def picture(self):
        return self.app.desktop.screen.take(*self.place())

    def wait(self, what, condition, seconds):
        """The picture for which the condition is true; how long that took is kept in `seconds`."""
        begun = time.monotonic()
        place = self.place()
        while True:
            picture = self.app.desktop.screen.take(*place)
            if condition(picture):
                self.seconds = time.monotonic() - begun
                return picture
            if self.app.process.poll() is not None:
                raise AssertionError(f"{what}: the app has ended with {self.app.process.returncode}")
            if time.monotonic() - begun > seconds:
                shot = self.app.desktop.screenshot("failed", self.app.size)
                raise AssertionError(f"{what}: not seen in {seconds} seconds; what was seen is in {shot}")
            time.sleep(0.1)
            place = self.place()

    def wait_still(self, seconds=30):
        """Until it has not changed for a second, but for a cursor that blinks."""
        before, since, end = self.picture(), time.monotonic(), time.monotonic() + seconds
        while time.monotonic() - since < 1:
            time.sleep(0.1)
            now = self.picture()
            if now.differs(before) > 0.0005:
                before, since = now, time.monotonic()
            if time.monotonic() > end:
                raise AssertionError(f"the guest's screen still changes after {seconds} seconds")
        return before

    def point(self, x, y):
        left, top, *_ = self.place()
        return [str(int(left + x)), str(int(top + y))]

    def middle(self, color):
        """Of what is seen in this colour."""
        x, y, width, height = self.picture().box(color)
        return x + width // 2, y + height // 2

    def free(self, color, margin=40):
        """A point with nothing but this colour around it, the lowest."""
        picture = self.picture()
        for y in range(picture.height - margin - 1, margin, -margin // 2):
            for x in range(picture.width - margin - 1, margin, -margin // 2):
                if picture.crop(x - margin, y - margin, 2 * margin, 2 * margin).share(color) > 0.99:
                    return x, y
        raise AssertionError(f"the guest's screen has no free place in the colour {color:06x}")

    def move(self, x, y):
        self.app.xdotool("mousemove", *self.point(x, y))

    def click(self, x, y, button=1):
        self.app.xdotool("mousemove", *self.point(x, y), "sleep", "0.1", "mousedown", str(button), "sleep", "0.1", "mouseup", str(button))

    def press(self, x, y, button=1):
        self.app.xdotool("mousemove", *self.point(x, y), "sleep", "0.1", "mousedown", str(button))

    def release(self, x, y, button=1):
        self.app.xdotool("mousemove", *self.point(x, y), "sleep", "0.1", "mouseup", str(button))

    def has_near(self, picture, point, color, reach=80):
        """Whether there is a good deal of this colour around this point."""
        return picture.crop(point[0] - reach, point[1] - reach, 2 * reach, 2 * reach).share(color) > 0.04

    def key(self, *keys):
        for key in keys:
            self.app.xdotool("key", key)

    def enter(self, text):
        """Types a line; xdotool has no key for its end."""
        self.app.xdotool("type", "--delay", "30", text)
        self.key("Return")
